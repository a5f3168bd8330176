"""Line recognition with a CTC model of the PP-OCR family: crops in, words of characters out.

Line widths are padded to multiples of 32 pixels, so that the number of input shapes the runtime
compiles and keeps is bounded (memory stays flat) and each line costs its own width only; lines run
on parallel OpenVINO streams. Where OpenVINO cannot be imported, onnxruntime does the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.types import Pixels

LINE_HEIGHT = 48  # pixels, the model's input height
MIN_WIDTH, WIDTH_STEP = 320, 32  # pixels, of the model's input

# Where a space was set, the model often gives it a clear probability but not the highest (blank
# wins). On 50 scanned receipts word F1 was 0.929 with winners only and 0.947 with 0.15; it is flat
# from 0.1 to 0.2.
SPACE_PROBABILITY = 0.15

Floats = npt.NDArray[np.float32]
Run = Callable[[Sequence[Floats]], "list[Steps]"]


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character: its centre along the line from 0 to 1, and its probability."""

    character: str
    place: float
    score: float


@dataclass(frozen=True, slots=True)
class Steps:
    """What is kept of the model's output for one line; each array has one entry a step."""

    best: npt.NDArray[np.int64]
    probability: Floats
    space: Floats


class Recognizer:
    """Holds the recognition model; called from one thread."""

    def __init__(self, model: Path, *, runtime: str, threads: int) -> None:
        load = _load_openvino if runtime == "openvino" else _load_onnxruntime
        self._run, characters = load(model, threads)
        self._characters = ["", *characters, " "]  # class 0 is CTC's blank, the last one the space

    def __call__(self, crops: Sequence[Pixels]) -> list[list[list[Glyph]]]:
        """The words of each BGR crop (height x width x 3), each a list of its characters."""
        # Sorted by width, lines of one shape follow each other.
        order = sorted(range(len(crops)), key=lambda i: crops[i].shape[1] / crops[i].shape[0])
        words: list[list[list[Glyph]]] = [[] for _ in crops]
        for i, steps in zip(order, self._run([prepare(crops[i]) for i in order]), strict=True):
            aspect = crops[i].shape[1] / crops[i].shape[0]
            used = len(steps.best) * aspect * LINE_HEIGHT / padded_width(aspect)
            words[i] = decode(steps, used, self._characters)
        return words


def padded_width(aspect: float) -> int:
    """The model's input width in pixels for a line of that width / height."""
    return max(MIN_WIDTH, math.ceil(aspect * LINE_HEIGHT / WIDTH_STEP) * WIDTH_STEP)


def prepare(crop: Pixels) -> Floats:
    """The crop as the model takes it: 1 x 3 x 48 x width, from -1 to 1, zeros after the line."""
    import cv2

    aspect = crop.shape[1] / crop.shape[0]
    padded = padded_width(aspect)
    scaled = max(1, min(padded, math.ceil(aspect * LINE_HEIGHT)))
    line = np.zeros((1, 3, LINE_HEIGHT, padded), dtype=np.float32)
    resized = cv2.resize(crop, (scaled, LINE_HEIGHT)).astype(np.float32)
    line[0, :, :, :scaled] = resized.transpose(2, 0, 1) / 127.5 - 1
    return line


def decode(steps: Steps, used: float, characters: Sequence[str]) -> list[list[Glyph]]:
    """Greedy CTC decoding into words; ``used`` is the number of steps the line itself covers.

    Repeats collapse and blanks fall away (Graves et al. 2006, "Connectionist Temporal
    Classification"). A word ends at a space, or where a space was probable between two characters.
    """
    words: list[list[Glyph]] = [[]]
    previous_class, previous_step = 0, -1
    for step, best in enumerate(steps.best):
        repeated, previous_class = best == previous_class, int(best)
        if best == 0 or repeated:
            continue
        character = characters[best]
        between = steps.space[previous_step + 1 : step]
        if character.isspace() or (between.size and between.max() > SPACE_PROBABILITY):
            words.append([])
        if not character.isspace():
            place = min((step + 0.5) / used, 1.0)
            words[-1].append(Glyph(character, place, float(steps.probability[step])))
        previous_step = step
    return [word for word in words if word]


def _summary(output: Floats) -> Steps:
    """The model's probabilities (steps x classes) cut down to what decoding needs, copied."""
    return Steps(output.argmax(axis=1), output.max(axis=1), output[:, -1].copy())


def _load_openvino(path: Path, threads: int) -> tuple[Run, list[str]]:
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    characters = model.get_rt_info()["framework"]["character"].value.splitlines()
    settings = {"NUM_STREAMS": str(threads), "INFERENCE_NUM_THREADS": str(threads)}
    queue = openvino.AsyncInferQueue(core.compile_model(model, "CPU", settings), threads)

    def run(lines: Sequence[Floats]) -> list[Steps]:
        found: dict[int, Steps] = {}

        def keep(request: Any, index: int) -> None:
            found[index] = _summary(request.get_output_tensor().data[0])

        queue.set_callback(keep)
        for index, line in enumerate(lines):
            queue.start_async({0: line}, index)
        queue.wait_all()
        return [found[index] for index in range(len(lines))]

    return run, characters


def _load_onnxruntime(path: Path, threads: int) -> tuple[Run, list[str]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # the arena grows with every new shape and stays
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    characters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    name = session.get_inputs()[0].name

    def run(lines: Sequence[Floats]) -> list[Steps]:
        return [_summary(session.run(None, {name: line})[0][0]) for line in lines]

    return run, characters
