"""The engines: one protocol, one table. A new engine is one file and one row in ``ENGINES``.

``BUILT_IN`` are always there; ``configure`` adds those that the operator has set up. Engines are
loaded when first asked for and stay loaded for the life of the process; nothing heavy (OpenVINO,
onnxruntime, torch) is imported before that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from extraction.breaker import Breaker, breaker_of
from extraction.engines.configuration import Configuration
from extraction.errors import InvalidOption
from extraction.types import PageImage, PageText, Written
from extraction.weights import folder_of, revision_of

if TYPE_CHECKING:
    from extraction.engines.vlm.adapter import Adapter

Wants = Literal["text", "pixels", "auto"]
Pool = Literal["cpu", "gpu", "io"]


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever waits for pages: asked whether to ``stop``, and ``told`` how far one is.

    Both are called from the thread that called ``Engine.read``, every half second or so by engines
    that take long. ``told`` is given a page's number and the tokens written for it so far.
    """

    stop: Callable[[], bool] = lambda: False
    told: Callable[[int, int], None] = lambda number, tokens: None


UNWATCHED = Watch()


class Engine(Protocol):
    """Reads decoded pages. One a process; ``read`` is called from several threads at once only
    where ``at_once`` is above 1.

    ``wants`` tells the decoder what to hand over: ``text`` the PDF's own text only, ``pixels``
    the rendered page, ``auto`` the text where it is sound and the rendered page elsewhere.
    ``revision`` names the exact models, and is stored with each page. ``at_once`` is how many pages
    it reads together better than one by one.
    """

    name: str
    revision: str
    wants: Wants
    at_once: int

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """Read the pages; one result a page, in order; ``error`` in it where a page of several
        could not be read.

        Raises ``EngineFailed`` where the pages cannot be read (of several, each is then tried
        alone), ``EngineUnavailable`` where the engine itself is out of order, ``Cancelled`` where
        ``watch`` says stop.
        """
        ...


@runtime_checkable
class FillsSchemas(Protocol):
    """An engine whose model can be asked beyond its pages, and then be kept to a JSON Schema.

    ``fills_schemas`` says whether it is set up to be.
    """

    fills_schemas: bool

    def fill(self, prompt: str, schema: Mapping[str, Any], watch: Watch = UNWATCHED) -> Written:
        """The model's answer, trusted in nothing.

        Raises ``EngineFailed`` where the model cannot be kept to the schema, or will not be asked;
        ``EngineUnavailable`` and ``Cancelled`` as ``Engine.read``.
        """
        ...


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One row of the table; ``factory`` is "module:class".

    It is called with ``threads``, and with ``configuration`` and ``name`` where the row is of an
    engine that has been set up. ``pool`` is the kind of worker that has what it needs. ``revision``
    is what its results depend on, told without loading it: the beginning of the engine's own, which
    also names what differs from machine to machine. ``remote``: it reads on other machines, behind
    a breaker.

    ``boxes``: it tells where lines and words stand.
    """

    name: str
    title: str
    factory: str
    revision: str
    pool: Pool = "cpu"
    set_up: bool = False
    boxes: bool = True
    remote: bool = False


_TEXT = "pymupdf-2.0"
_RAPID = "PP-OCRv6-small/rapidocr-3.10.0"

BUILT_IN = (
    EngineRow(
        "auto",
        "The PDF's own text where sound, else OCR",
        "extraction.engines.auto:Auto",
        f"{_TEXT}+{_RAPID}",
    ),
    EngineRow(
        "text-layer",
        "The PDF's own text, no OCR",
        "extraction.engines.text_layer:TextLayer",
        _TEXT,
    ),
    EngineRow("rapidocr", "PP-OCRv6 on the CPU", "extraction.engines.rapid:Rapid", _RAPID),
)
ENGINES: dict[str, EngineRow] = {row.name: row for row in BUILT_IN}
DEFAULT_ENGINE = "auto"
HYBRID = "hybrid"

_loaded: dict[tuple[str, int], Engine] = {}
_tuned: dict[tuple[str, Adapter, int], Engine] = {}
MOST_TUNED = 64
_configuration = Configuration()
_loading = threading.RLock()


def configure(configuration: Configuration) -> None:
    """Make ``ENGINES`` those built in and those set up; what was loaded is loaded anew.

    Called once, where the settings are read, before anything derives choices from the table.
    """
    global _configuration
    _configuration = configuration
    _loaded.clear()
    _tuned.clear()
    ENGINES.clear()
    ENGINES.update({row.name: row for row in (*BUILT_IN, *_set_up(configuration))})
    if model := hybrid_model(configuration):
        ENGINES[HYBRID] = replace(
            model,
            name=HYBRID,
            title=f"{model.title}; its text placed and checked by OCR",
            factory="extraction.engines.hybrid:Hybrid",
            revision=f"{model.revision}+{_RAPID}",
            boxes=True,
        )


def hybrid_model(configuration: Configuration) -> EngineRow | None:
    """The row of the model that the hybrid engine is of; None where none of that name writes."""
    row = ENGINES.get(configuration.hybrid_of)
    return row if row and not row.boxes else None


def configured() -> Configuration:
    """What has been set up."""
    return _configuration


def _set_up(configuration: Configuration) -> Iterator[EngineRow]:
    """The rows of the engines that the configuration names."""
    for model in configuration.vision:
        yield EngineRow(
            model.name,
            model.title,
            "extraction.engines.vlm:VisionLanguage",
            revision_of(model, configuration),
            pool="gpu",
            set_up=True,
            boxes=False,
        )
    if (server := configuration.openai) is not None:
        yield EngineRow(
            "openai",
            f"{server.model}, on a server of the operator's",
            "extraction.engines.openai:OpenAI",
            server.revision,
            pool="io",
            set_up=True,
            boxes=False,
            remote=True,
        )
    if configuration.google is not None:
        yield EngineRow(
            "google-vision",
            "Google Cloud Vision: pages are sent to Google",
            "extraction.engines.google_vision:GoogleVisionEngine",
            "DOCUMENT_TEXT_DETECTION",
            pool="io",
            set_up=True,
            remote=True,
        )


def model_of(name: str) -> str:
    """The engine whose model reads for the engine of that name: itself, but for the hybrid."""
    return _configuration.hybrid_of if name == HYBRID else name


def breakers() -> list[Breaker]:
    """Those before the engines on other machines, in the order of the table."""
    names = (row.name for row in ENGINES.values() if row.remote and row.name != HYBRID)
    return [breaker_of(name, _configuration.redis) for name in names]


def get(name: str, threads: int = 0) -> Engine:
    """The engine of that name, loaded once a process.

    ``threads`` is the number of CPU threads it may use, 0 for all cores. Raises ``InvalidOption``
    for an unknown name.
    """
    row = ENGINES.get(name)
    if row is None:
        raise InvalidOption(f"engine {name!r} is not one of: {', '.join(ENGINES)}")
    key = (name, threads)
    with _loading:
        if key not in _loaded:
            module, _, attribute = row.factory.partition(":")
            factory = getattr(import_module(module), attribute)
            more = {"name": name, "configuration": _configuration} if row.set_up else {}
            _loaded[key] = factory(threads=threads, **more)
        return _loaded[key]


def tuned(base: str, name: str, adapter: Path, threads: int = 0) -> Engine:
    """The engine ``name``: the vision-language engine ``base`` with the LoRA adapter in a folder.

    It shares the base's weights in memory. The adapter's files are checked each time; its engine
    is kept, the ``MOST_TUNED`` asked for last. Raises ``InvalidOption`` where ``base`` is no such
    engine that is set up, ``EngineUnavailable`` where the adapter is unsound or not for this base.
    """
    from extraction.engines.vlm import VisionLanguage
    from extraction.engines.vlm.adapter import checked

    rows = [model for model in _configuration.vision if model.name == base]
    if not rows:
        known = ", ".join(model.name for model in _configuration.vision) or "none"
        raise InvalidOption(f"{base!r} is no model that is set up; those are: {known}")
    sound = checked(name, adapter, rows[0], folder_of(rows[0], _configuration))
    key = (base, sound, threads)
    with _loading:
        if key not in _tuned:
            made: Any = VisionLanguage(base, _configuration, threads, adapter=sound)
            _tuned[key] = made
        _tuned[key] = _tuned.pop(key)
        while len(_tuned) > MOST_TUNED:
            del _tuned[next(iter(_tuned))]
        return _tuned[key]


def warm(name: str, threads: int = 0) -> Engine:
    """The engine with its models in memory, so that the first document does not wait for them.

    It reads a blank A4 page at 200 dpi, the size that comes most. Nothing goes to other machines:
    that takes their time, or costs money.
    """
    engine = get(name, threads)
    if engine.wants != "text" and ENGINES[name].pool != "io":
        blank = np.full((2339, 1654, 3), 255, dtype=np.uint8)
        engine.read([PageImage(1, 595.0, 842.0, 0, 200.0, blank)])
    return engine
