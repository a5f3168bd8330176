"""Decodes an image file with Pillow; runs in a child process only (see ``decoder``)."""

from __future__ import annotations

import io
import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.decoded import Decoded, is_blank, make_preview
from extraction.errors import CorruptDocument, ImageTooLarge, UnsupportedType
from extraction.types import Pixels

A4_LONG_SIDE_INCHES = 11.69


def image_dpi(width: int, height: int, stated: float) -> float:
    """The resolution of an image of that many pixels whose file states ``stated``, 0 for none.

    Stated values outside 50 to 1200, and 72 and 96, which programs write without knowing, are not
    believed, nor one that makes a page longer than 34 inches. Then the longer side is taken to be
    that of A4, within 50 to 600.
    """
    longer = max(width, height)
    if 50 <= stated <= 1200 and round(stated) not in (72, 96) and longer / stated <= 34:
        return float(stated)
    return min(max(longer / A4_LONG_SIDE_INCHES, 50.0), 600.0)


def open_image(data: bytes, name: str, max_pixels: int) -> ImageDocument:
    from PIL import Image

    if name not in Image.OPEN:
        raise UnsupportedType(f"{name} needs a library that is not installed")
    # Pillow's guard knows the sizes inside the file too, which the header need not tell. It warns
    # above the limit and raises above twice the limit; both become errors here.
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    return ImageDocument(Image.open(io.BytesIO(data), formats=[name]), max_pixels)


class ImageDocument:
    """An image file opened by Pillow; the frames of a TIFF are its pages, of others only the first.

    Raises ``ImageTooLarge`` before anything is decoded.
    """

    def __init__(self, image: Any, max_pixels: int) -> None:
        self._image = image
        self._max_pixels = max_pixels
        self._check_size()
        self.page_count: int = image.n_frames if image.format == "TIFF" else 1

    def page(self, number: int, *, wants: str, dpi: int, preview: bool) -> Decoded:
        from PIL import Image

        image = self._image
        if self.page_count > 1:
            image.seek(number - 1)
        self._check_size()
        x_dpi, y_dpi = _stated_dpi(image)
        image.load()
        page = to_rgb(image)
        if max(x_dpi, y_dpi) > 1.05 * min(x_dpi, y_dpi):
            size, x_dpi = square_size(page.width, page.height, x_dpi, y_dpi, self._max_pixels)
            page = page.resize(size, Image.Resampling.BICUBIC)
        orientation = _orientation(image)
        if orientation in _TURNS:
            method, rotation = _TURNS[orientation]
            page = page.transpose(Image.Transpose[method])
        else:
            rotation = 0
        pixels: Pixels = np.asarray(page)
        resolution = image_dpi(page.width, page.height, x_dpi)
        decoded = Decoded(
            page.width * 72 / resolution,
            page.height * 72 / resolution,
            rotation=rotation,
            dpi=resolution,
        )
        if is_blank(pixels):
            decoded.warnings.append("blank_page")
        if preview:
            decoded.preview = make_preview(pixels)
        if wants != "text":
            decoded.pixels = pixels
        return decoded

    def _check_size(self) -> None:
        width, height = self._image.size
        if width < 1 or height < 1:
            raise CorruptDocument("the image has no size")
        if width * height > self._max_pixels:
            raise ImageTooLarge(limit=self._max_pixels, actual=width * height)


# EXIF orientation (tag 274): how to set the image upright, and the clockwise turn that is in it.
_TURNS = {
    2: ("FLIP_LEFT_RIGHT", 0),
    3: ("ROTATE_180", 180),
    4: ("FLIP_TOP_BOTTOM", 180),
    5: ("TRANSPOSE", 90),
    6: ("ROTATE_270", 90),
    7: ("TRANSVERSE", 270),
    8: ("ROTATE_90", 270),
}


def _orientation(image: Any) -> int:
    """The EXIF orientation still to be obeyed; for a TIFF Pillow has done it while loading."""
    try:
        return int(image.getexif().get(274, 1))
    except Exception:  # a bad EXIF block is no reason to refuse the image
        return 1


def _stated_dpi(image: Any) -> tuple[float, float]:
    """Pixels an inch across and down as stated in the file, (0, 0) where it states none."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except Exception:
        return 0.0, 0.0
    if not (0 < across < 1e5 and 0 < down < 1e5):
        return 0.0, 0.0
    return across, down


def square_size(
    width: int, height: int, x_dpi: float, y_dpi: float, max_pixels: int
) -> tuple[tuple[int, int], float]:
    """The size in square pixels of an image whose pixels are not square, and its one resolution.

    The finer of the two resolutions (fax pages have up to twice as many pixels across as down),
    or the coarser where that would exceed ``max_pixels``.
    """
    for best in (max(x_dpi, y_dpi), min(x_dpi, y_dpi)):
        size = max(1, round(width * best / x_dpi)), max(1, round(height * best / y_dpi))
        if size[0] * size[1] <= max_pixels:
            break
    return size, best


def to_rgb(image: Any) -> Any:
    """A loaded Pillow image of any mode as RGB, 8 bits a channel, transparency on white."""
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        page = Image.new("RGB", image.size, "white")
        page.paste(image, mask=image.getchannel("A"))
        return page
    return image.convert("RGB")


def _to_8_bits(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Scale grey values of more bits, white being the largest value of as many bits as are used.

    Scanners store 10 or 12 bits in 16; the file does not always say how many.
    """
    values = np.nan_to_num(values) if values.dtype.kind == "f" else values
    top = float(values.max())
    if values.dtype.kind == "f" and top <= 1:
        white = 1.0
    else:
        white = float(2 ** max(8, math.ceil(math.log2(top + 1))) - 1) if top > 0 else 255.0
    scaled = np.clip(values, 0, white) * np.float32(255 / white)
    return np.rint(scaled).astype(np.uint8)
