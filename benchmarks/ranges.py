"""Measures the ranges that ``extraction/engines/eight_bits.py`` rounds within, and what it costs.

Lines drawn in several faces, sizes and scripts, dark on light and light on dark, many of them hard
to read, and with ``--data`` the lines of every second of its ``receipts``, go through the
recognition model; of each layer's input the lowest and highest value of the median line is noted,
and kept with ``--write``: wider ranges have coarser steps, and these read best. Then other drawn
lines are read in floats and in 8 bits: it prints the share of characters read wrong by both.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from unittest.mock import patch

import cv2
import numpy as np
import pymupdf
from rapidfuzz.distance import Levenshtein

from benchmarks.reading import VOCABULARY
from extraction.engines import eight_bits
from extraction.engines.detection import Detector
from extraction.engines.inference import Floats, core
from extraction.engines.rapid import DETECTION_MODEL, RECOGNITION_MODEL
from extraction.engines.recognition import Recognizer, crop, prepare
from extraction.types import Pixels

FONTS = {
    **dict.fromkeys(("helv", "heit", "hebo", "tiro", "tibo", "cour"), "Latin"),
    **dict.fromkeys(("china-s", "china-t"), "Chinese"),
    "japan": "Japanese",
}
EUROPEAN = "Größe Überweisung prêt à l’été señor año città perché zażółć gęślą příliš žluťoučký"
FIRST_HAN, LAST_HAN = 0x4E00, 0x8FFF
FIRST_KANA, LAST_KANA = 0x3041, 0x30F6


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line of random words or signs, in its own face, size, contrast and grain; BGR."""

    text: str
    script: str
    pixels: Pixels


def drawn(count: int) -> Iterator[Drawn]:
    """At most so many lines, always the same."""
    random = np.random.default_rng(0)
    words = [*VOCABULARY, *EUROPEAN.split()]
    for _ in range(count):
        font = str(random.choice(list(FONTS)))
        size = float(random.uniform(9, 30))
        if FONTS[font] != "Latin":
            first, last = (FIRST_KANA, LAST_KANA) if font == "japan" else (FIRST_HAN, LAST_HAN)
            signs = random.integers(first, last, int(random.integers(2, 20)))
            text = "".join(map(chr, signs.tolist()))
        else:
            text = " ".join([*random.choice(words, 4), f"{random.uniform(1, 9e4):.2f}"])
        page = pymupdf.open().new_page(width=40 * size, height=1.5 * size)
        page.insert_text((0.3 * size, 1.1 * size), text, fontname=font, fontsize=size)
        picture = page.get_pixmap(colorspace=pymupdf.csGRAY)
        gray = np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.width)
        inked = np.flatnonzero((gray < 128).any(axis=0))
        if not len(inked):
            continue
        line = gray[:, : inked[-1] + round(0.4 * size)].astype(np.float64)
        line = 255 - random.uniform(0.2, 1) * (255 - line)  # of the contrast
        line = line if random.random() < 0.8 else 255 - line
        line += random.normal(0, random.uniform(0, 20), line.shape)
        pixels = cv2.cvtColor(np.clip(line, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
        yield Drawn(text, FONTS[font], np.asarray(pixels, np.uint8))


def cut(detect: Detector, paths: Sequence[Path]) -> Iterator[Pixels]:
    """The lines of those pictures of pages."""
    for path in paths:
        page = np.asarray(cv2.imread(str(path)), np.uint8)
        yield from (crop(page, quad) for quad in detect(page))


def measured(model: Path, inputs: Sequence[Floats]) -> dict[str, tuple[float, float]]:
    """The range of each layer's input, by its tensor's name; zero is one of its steps."""
    network = core().read_model(model)
    names: list[str] = []
    for layer in eight_bits.layers(network):
        source = layer.input_value(0)
        if source.get_names().isdisjoint(names):
            names.append(min(source.get_names()))
            network.add_outputs([source])
    compiled = core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    lowest: dict[str, list[float]] = {name: [] for name in names}
    highest: dict[str, list[float]] = {name: [] for name in names}
    for array in inputs:
        outputs = compiled([array])
        for name in names:
            values = outputs[compiled.output(name)]
            lowest[name].append(float(values.min()))
            highest[name].append(float(values.max()))
    return {name: _range(lowest[name], highest[name]) for name in names}


def _range(lowest: Sequence[float], highest: Sequence[float]) -> tuple[float, float]:
    low, high = min(median(lowest), 0.0), max(median(highest), 0.0)
    step = (high - low) / (eight_bits.STEPS - 1)
    low = round(low / step) * step
    return low, low + step * (eight_bits.STEPS - 1)


def wrong(model: Path, lines: Sequence[Drawn]) -> float:
    """The share of characters, spaces aside, that are read wrong (edit distance / length)."""
    read = Recognizer(model, runtime="openvino", threads=2).lines([line.pixels for line in lines])
    texts = [line.text.replace(" ", "") for line in lines]
    errors = sum(
        Levenshtein.distance(text, "".join(glyph.character for glyph in glyphs))
        for text, glyphs in zip(texts, read, strict=True)
    )
    return errors / sum(map(len, texts))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true", help="keep the ranges")
    arguments = parser.parse_args()
    models = Path(str(import_module("rapidocr").__file__)).parent / "models"
    model = models / RECOGNITION_MODEL
    detect = Detector(models / DETECTION_MODEL, runtime="openvino", threads=2)
    receipts = sorted((arguments.data / "receipts").glob("*.jpg"))
    made = list(drawn(800))
    if arguments.write:
        lines = [line.pixels for line in made[::4]] + list(cut(detect, receipts[::2]))[::6]
        ranges = measured(model, [prepare(line) for line in lines])
        rows = [f"{name}\t{low:.6g}\t{high:.6g}\n" for name, (low, high) in ranges.items()]
        kept = Path(eight_bits.__file__).with_name(f"{model.stem}.ranges.tsv")
        kept.write_text("".join(rows), "utf-8")
        print(f"{len(ranges)} layers, from {len(lines)} lines\n")
    print("| script | characters | wrong in floats | wrong in 8 bits |\n|---|---|---|---|")
    for script in dict.fromkeys(FONTS.values()):
        others = [line for line in made[1::2] if line.script == script]
        with patch.object(eight_bits, "ranges_of", return_value={}):
            floats = wrong(model, others)
        count = sum(len(line.text.replace(" ", "")) for line in others)
        print(f"| {script} | {count} | {floats:.3f} | {wrong(model, others):.3f} |")


if __name__ == "__main__":
    main()
