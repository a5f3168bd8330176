"""Neural networks on the CPU: OpenVINO where it can be imported, onnxruntime elsewhere.

OpenVINO computes in the number format that the CPU is fastest with: bfloat16 where it has it, and
8-bit integers in the layers of which ``eight_bits`` has ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from extraction.engines import eight_bits
from extraction.engines.alphabet import Alphabet, common, divide

Floats = npt.NDArray[np.float32]
Outputs = Sequence[Floats]
T = TypeVar("T")

# Compiled layers of each type that OpenVINO keeps for input shapes met before, the latest ones: of
# some 45 shapes of the detector (7 MB each), 65 of the recogniser (16 MB for two streams). Its own
# 5000 hold gigabytes.
KEPT_LAYERS = 2000
# OpenVINO binds threads to cores from the first one on, those of every process to the same ones.
UNBOUND = {"ENABLE_CPU_PINNING": "NO"}


def runtime() -> str:
    """The inference runtime to use."""
    try:
        import_module("openvino")
    except ImportError:
        return "onnxruntime"
    return "openvino"


class Network:
    """An ONNX model of one input; called from one thread.

    ``characters`` are the classes of a recogniser of the PP-OCR family, empty for other models.
    ``alphabet`` is set where the recogniser was cut before its last layer (``alphabet.divide``).
    """

    def __init__(self, path: Path, *, runtime: str, threads: int, streams: int = 1) -> None:
        """Load the model; ``streams`` inputs are worked on at once, sharing ``threads``.

        Raises what the runtime raises where the file cannot be loaded.
        """
        if not path.is_file():
            raise FileNotFoundError(path)
        load = _load_openvino if runtime == "openvino" else _load_onnxruntime
        self._run, self.characters, self.alphabet = load(path, threads, streams)

    def __call__(self, inputs: Iterable[Floats], keep: Callable[[Outputs], T]) -> list[T]:
        """What ``keep`` makes of each input's outputs, in order; it must copy what it returns.

        Inputs (batch x channels x height x width) are taken as the network gets free, so they may
        be made meanwhile. They may differ in shape; each new shape costs time once, and megabytes
        for as long as it is kept (``KEPT_LAYERS``), so callers pad to few shapes.
        """
        return self._run(inputs, keep)


Run = Callable[[Iterable[Floats], Callable[[Outputs], Any]], list[Any]]
Loaded = tuple[Run, list[str], Alphabet | None]


def _classes(characters: str) -> list[str]:
    """The classes of a recogniser whose file lists those characters: a blank and a space more."""
    return ["", *characters.splitlines(), " "] if characters else []


@cache
def core() -> Any:
    """OpenVINO's, one for the process, for as long as that lives.

    While its plugin for the CPU is loaded, signals of that thread are handled on a stack of the
    plugin's; what was before is put back as it goes. Of two, the one that goes last would put back
    the stack of the other, which is gone: the next signal, a worker's SIGTERM, ends the process by
    a segmentation fault.
    """
    import openvino

    return openvino.Core()


def _load_openvino(path: Path, threads: int, streams: int) -> Loaded:
    import openvino

    model = core().read_model(path)
    facts = model.get_rt_info()
    characters = _classes(facts["framework"]["character"].value if "framework" in facts else "")
    alphabet = None
    if characters:
        model, whole = divide(model, characters)
        one = core().compile_model(whole, "CPU", {"INFERENCE_NUM_THREADS": str(threads), **UNBOUND})
        alphabet = Alphabet(common(characters), lambda steps: np.asarray(one([steps])[0]))
    eight_bits.round_off(model, eight_bits.ranges_of(path))
    settings = {
        "NUM_STREAMS": str(streams),
        "INFERENCE_NUM_THREADS": str(threads),
        **UNBOUND,
        "CPU_RUNTIME_CACHE_CAPACITY": str(KEPT_LAYERS),
    }
    # Two for each stream, so that none waits for its next input to be handed over.
    queue = openvino.AsyncInferQueue(core().compile_model(model, "CPU", settings), 2 * streams)

    def run(inputs: Iterable[Floats], keep: Callable[[Outputs], Any]) -> list[Any]:
        found: dict[int, Any] = {}

        def done(request: Any, index: int) -> None:
            found[index] = keep([tensor.data for tensor in request.output_tensors])

        queue.set_callback(done)
        for index, array in enumerate(inputs):
            queue.start_async({0: array}, index)
        queue.wait_all()
        return [found[index] for index in range(len(found))]

    return run, characters, alphabet


def _load_onnxruntime(path: Path, threads: int, streams: int) -> Loaded:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # the arena grows with every new shape and stays
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    characters = session.get_modelmeta().custom_metadata_map.get("character", "")
    name = session.get_inputs()[0].name

    def run(inputs: Iterable[Floats], keep: Callable[[Outputs], Any]) -> list[Any]:
        return [keep(session.run(None, {name: array})) for array in inputs]

    return run, _classes(characters), None
