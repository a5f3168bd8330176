from __future__ import annotations

import numpy as np

from extraction.pictures import bounds_in_pixels, has_detail, worth_reading
from extraction.types import Pixels

A4 = (595.0, 842.0)


def white() -> Pixels:
    """A page of 100 x 100 points at 144 dpi."""
    return np.full((200, 200, 3), 255, np.uint8)


def test_worth_reading_is_what_is_large_enough() -> None:
    figure, logo, rule = (60, 400, 360, 500), (480, 20, 590, 70), (0, 300, 595, 315)
    assert worth_reading([figure, logo, rule], *A4) == (figure,)


def test_worth_reading_joins_the_strips_of_a_scan() -> None:
    strips = [(0.0, y, 595.0, y + 20.0) for y in range(0, 840, 20)]
    assert worth_reading(strips, *A4) == ((0.0, 0.0, 595.0, 840.0),)


def test_worth_reading_keeps_pictures_apart_that_do_not_touch() -> None:
    pair = [(60.0, 100.0, 260.0, 200.0), (300.0, 100.0, 500.0, 200.0)]
    assert set(worth_reading(pair, *A4)) == set(pair)


def test_has_detail_sees_ink_but_not_a_shade() -> None:
    page = white()
    page[:, :, :] = np.linspace(120, 250, 200).astype(np.uint8)[None, :, None]
    assert not has_detail(page, 144, (0, 0, 100, 100), [])
    page[100:110, 40:80:4] = 0
    assert has_detail(page, 144, (0, 0, 100, 100), [])


def test_has_detail_looks_in_the_picture_and_beside_the_words_only() -> None:
    page = white()
    page[100:110, 40:80:4] = 0  # at 20 to 40 points across, 50 to 55 down
    assert not has_detail(page, 144, (0, 0, 100, 40), [])
    assert not has_detail(page, 144, (0, 0, 100, 100), [(20, 49, 41, 56)])
    assert not has_detail(page, 144, (99.9, 0, 100, 100), [])


def test_bounds_in_pixels_take_in_every_pixel_touched_within_the_page() -> None:
    assert bounds_in_pixels((10, 20, 30.2, 40), 144, (200, 200)) == (20, 40, 61, 80)
    assert bounds_in_pixels((-5, -5, 500, 500), 144, (200, 100)) == (0, 0, 100, 200)
