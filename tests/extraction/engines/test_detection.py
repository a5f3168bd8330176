from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from extraction.engines.detection import (
    LARGEST,
    LEAST_WIDTH,
    LONG_SIDE,
    MAX_AREA,
    MOST_CORES,
    OVERLAP,
    TILE,
    Core,
    closer_scale,
    cores,
    first_scale,
    grown,
    prepare,
    spans,
)


def probabilities(angle: float, probability: float = 0.9) -> np.ndarray:
    """A map of 200 x 300 with one core of 120 x 12 turned clockwise by that angle."""
    picture = np.zeros((200, 300), np.float32)
    corners = cv2.boxPoints(((150.0, 100.0), (120.0, 12.0), angle))
    cv2.fillPoly(picture, [corners.round().astype(np.int32)], probability)
    return picture


@pytest.mark.parametrize("angle", [-30, -3, 0, 3, 30, 44])
def test_cores_measures_place_size_and_angle(angle: float) -> None:
    (core,) = cores(probabilities(angle))
    assert core.centre == pytest.approx((150, 100), abs=1)
    assert core.size == pytest.approx((120, 12), abs=2.5)
    assert core.angle == pytest.approx(angle, abs=1)


def test_cores_leaves_out_what_is_unlikely_or_a_speck() -> None:
    assert cores(probabilities(0, 0.4)) == []
    speck = np.zeros((50, 50), np.float32)
    speck[20, 20] = 1
    assert cores(speck) == []


def test_grown_runs_from_the_upper_left_clockwise_with_room_before_and_after() -> None:
    quad = grown(Core((100, 50), (80, 10), 0))
    assert quad[0, 0] < 60 < 140 < quad[1, 0]
    assert quad[0, 1] < 45 < 55 < quad[3, 1]
    assert quad[0, 1] == quad[1, 1] and quad[0, 0] == quad[3, 0]
    height = quad[3, 1] - quad[0, 1]
    assert quad[1, 0] - quad[0, 0] == pytest.approx(80 + (height - 10) + 0.2 * height)


def test_grown_lets_a_standing_line_run_downwards() -> None:
    quad = grown(Core((50, 100), (10, 80), 0))
    assert quad[0] == pytest.approx(quad[1] - (0, np.ptp(quad[:, 1])))
    assert quad[0, 0] > 50


@pytest.mark.parametrize("length", [1, 500, TILE, TILE + 1, 2000, 6000, 9999])
def test_spans_cover_a_side_once_with_surroundings(length: int) -> None:
    tiles = spans(length)
    kept = [place for *_, start, end in tiles for place in range(start, end)]
    assert kept == list(range(length))
    for start, end, first, last in tiles:
        assert 0 <= start <= first < last <= end <= length
        assert end - start <= TILE
        assert first == 0 or first - start >= OVERLAP // 2 - 1
        assert last == length or end - last >= OVERLAP // 2 - 1


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ((300, 400), 1),
        ((896, 896), 1),
        ((1654, 2339), 896 / 2339),
        ((600, 6000), 448 / 600),  # a long receipt stays legible
        ((6000, 300), 1),
    ],
)
def test_first_scale_shrinks_large_pages(size: tuple[int, int], scale: float) -> None:
    assert first_scale(*size) == pytest.approx(scale)


def test_closer_scale_enlarges_thin_lines_within_bounds() -> None:
    def lines(thickness: float) -> list[Core]:
        return [Core((0, 0), (100, thickness), 0)] * 3

    assert closer_scale(lines(12), 1000, 1000, 0.5) == 0.5
    assert closer_scale(lines(4), 1000, 1000, 0.5) == 1.25
    assert closer_scale(lines(1), 1000, 1000, 1) == LARGEST
    assert closer_scale(lines(1), 8000, 4000, 0.2) == pytest.approx(math.sqrt(MAX_AREA / 32e6))
    assert closer_scale([], 1000, 1000, 0.5) == 1
    assert closer_scale([], 1000, 1000, 1) == 1


def test_prepare_pads_to_few_shapes_by_drawing_out_the_edges() -> None:
    tile = np.zeros((100, 130, 3), np.uint8)
    tile[:, :, 2] = 255
    prepared = prepare(tile)
    assert prepared.shape == (1, 3, 128, 256)
    assert prepared[0, 0].max() == -1
    assert prepared[0, 2].min() == 1


def test_tiles_of_every_size_take_few_shapes() -> None:
    """Each shape met costs megabytes."""
    sides = {*range(1, TILE + 1, 7), TILE}
    shapes = {prepare(np.zeros((side, 1, 3), np.uint8)).shape[2] for side in sides}
    assert len(shapes) <= 15
    assert {LONG_SIDE, LEAST_WIDTH, 640, TILE} <= shapes, "those that come most are not padded"


def test_cores_keeps_the_largest_of_very_many() -> None:
    probabilities = np.zeros((400, 1200), np.float32)
    probabilities[::4, ::4] = 1.0  # 30,000 specks, as of a halftone picture
    probabilities[197:209, 300:701] = 1.0
    found = cores(probabilities)
    assert len(found) <= MOST_CORES
    assert max(found, key=lambda core: core.size[0]).size[0] == pytest.approx(401, abs=3)
