"""Where the fields of a review stand: the document's pages, and what is cut from them."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from extraction.types import Box
from jobs.models import Job, Page

MARGIN, WIDE, LEAST = 7.0, 5.0, 150.0  # a crop's: around, width by height, width; in points


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to look at; sizes in points, ``image`` is the picture's address or ""."""

    number: int
    width: float
    height: float
    image: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands; ``crop`` is the part of the page around it: x, y, width, height."""

    sheet: Sheet
    box: Box
    crop: tuple[float, float, float, float]

    @property
    def view_box(self) -> str:
        """The crop as SVG has it."""
        return " ".join(f"{edge:.1f}" for edge in self.crop)

    @property
    def edges(self) -> str:
        """The box as forms have it."""
        return ",".join(f"{edge:.2f}" for edge in self.box)


def sheets_of(job: Job) -> tuple[Sheet, ...]:
    """The pages that were read."""
    rows = Page.objects.filter(job=job, failed=False).order_by("number")
    told = rows.values_list("number", "content__width", "content__height", "preview_key")
    return tuple(
        Sheet(
            number,
            width or 595.0,
            height or 842.0,
            reverse("job-page-image", args=[job.pk, number]) if preview else "",
        )
        for number, width, height, preview in told
    )


def crop_of(box: Box, width: float, height: float) -> tuple[float, float, float, float]:
    """The part of the page around a box: x, y, width and height in points, within the page.

    Lines have some of what stands beside them, so that all crops of lines look alike.
    """
    x0, y0, x1, y1 = box
    tall = min(y1 - y0 + 2 * MARGIN, height)
    wide = min(max(x1 - x0 + 2 * MARGIN, WIDE * tall, LEAST), width)
    tall = min(max(tall, wide / WIDE / 2), height)
    left = min(max((x0 + x1 - wide) / 2, 0.0), width - wide)
    top = min(max((y0 + y1 - tall) / 2, 0.0), height - tall)
    return left, top, wide, tall
