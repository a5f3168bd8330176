"""Positions in whole pixels, for formats that describe a picture of the page."""

from __future__ import annotations

from dataclasses import dataclass

from extraction.types import Box, Page

UNRENDERED_DPI = 300.0  # where a PDF's own text was read and no picture was made


@dataclass(frozen=True, slots=True)
class Raster:
    """A page of ``width`` x ``height`` pixels at ``dpi``."""

    dpi: float
    width: int
    height: int

    @classmethod
    def of(cls, page: Page) -> Raster:
        """The raster in which the page was read."""
        dpi = page.dpi or UNRENDERED_DPI
        return cls(dpi, round(page.width * dpi / 72), round(page.height * dpi / 72))

    def pixels(self, box: Box) -> tuple[int, int, int, int]:
        """A box in points as whole pixels within the page, at least one wide and high."""
        x0, y0, x1, y1 = (edge * self.dpi / 72 for edge in box)
        left = min(max(round(x0), 0), max(self.width - 1, 0))
        top = min(max(round(y0), 0), max(self.height - 1, 0))
        right = min(max(round(x1), left + 1), max(self.width, left + 1))
        bottom = min(max(round(y1), top + 1), max(self.height, top + 1))
        return left, top, right, bottom
