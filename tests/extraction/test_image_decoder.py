from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from extraction import image_decoder


@pytest.mark.parametrize(
    ("width", "height", "stated", "expected"),
    [
        (1654, 2339, 200, 200),  # a scan that knows its resolution
        (1654, 2339, 0, 2339 / 11.69),  # not stated: A4
        (4000, 3000, 72, 4000 / 11.69),  # what cameras write
        (4000, 3000, 96, 4000 / 11.69),
        (20_000, 1000, 100, 600),  # 200 inches are not believed
        (1654, 2339, 5000, 2339 / 11.69),
        (10, 10, 0, 50),
    ],
)
def test_image_dpi(width: int, height: int, stated: float, expected: float) -> None:
    assert image_decoder.image_dpi(width, height, stated) == pytest.approx(expected)


def test_square_size_stretches_the_coarser_axis() -> None:
    assert image_decoder.square_size(1728, 1100, 204, 98, 40_000_000) == ((1728, 2290), 204)


def test_square_size_shrinks_the_finer_axis_at_the_limit() -> None:
    assert image_decoder.square_size(1728, 1100, 204, 98, 1_000_000) == ((830, 1100), 98)


def test_to_rgb_puts_transparency_on_white() -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (10, 20, 30, 255))
    assert list(np.asarray(image_decoder.to_rgb(image))[0]) == pytest.approx(
        np.array([[255, 255, 255], [10, 20, 30]])
    )


@pytest.mark.parametrize(("bits", "top"), [(10, 1023), (12, 4095), (16, 65535)])
def test_to_rgb_scales_more_bits_to_eight(bits: int, top: int) -> None:
    values = np.array([[0, top // 2, top]], np.uint16)
    rgb = np.asarray(image_decoder.to_rgb(Image.fromarray(values)))
    assert rgb[0, :, 0].tolist() == [0, 127, 255]
    assert (rgb[..., 0] == rgb[..., 2]).all()


def test_to_rgb_scales_floats_from_zero_to_one() -> None:
    values = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
    assert np.asarray(image_decoder.to_rgb(Image.fromarray(values)))[0, :, 0].tolist() == [
        0,
        128,
        255,
        0,
    ]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "CMYK", "YCbCr", "LAB", "HSV", "RGBa"])
def test_to_rgb_takes_every_mode(mode: str) -> None:
    image = image_decoder.to_rgb(Image.new(mode, (3, 2)))
    assert (image.mode, image.size) == ("RGB", (3, 2))
