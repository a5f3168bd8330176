"""What happens when memory runs out. The GPU is played: ``generate`` says that it has no memory, as
torch does; all else is real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from extraction.engines.vlm import VisionLanguage, ladder, residence
from extraction.engines.vlm.generation import write
from extraction.engines.vlm.ladder import HALVED_SECONDS
from extraction.errors import EngineUnavailable
from tests.extraction.engines.vlm import tiny

NUMBERS = ["417", "8265091", "55555", "074391", "9026", "1234567", "3141", "880"]
EIGHT = replace(tiny.PLAN, batch=8)

Fits = Callable[[Any, int], bool]


@pytest.fixture(autouse=True)
def own_residence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded yet."""
    monkeypatch.setattr(residence, "_residences", {})


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fits], list[int]]:
    """Gives a GPU that has memory for a model and a batch of some rows if ``fits`` says so; the
    batches asked of it are in the list."""
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration as Model

    real = Model.generate

    def give(fits: Fits) -> list[int]:
        asked: list[int] = []

        def generate(self: Any, **inputs: Any) -> Any:
            rows = len(inputs["input_ids"])
            asked.append(rows)
            if not fits(self, rows):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return real(self, **inputs)

        monkeypatch.setattr(Model, "generate", generate)
        return asked

    return give


def held_in(model: Any) -> str:
    """How the model's weights are held."""
    return next(
        name
        for name, there in (
            ("8bit", getattr(model, "is_loaded_in_8bit", False)),
            ("4bit", getattr(model, "is_loaded_in_4bit", False)),
            ("none", True),
        )
        if there
    )


def test_batch_is_halved_until_it_fits_and_stays_so_for_a_while(
    memory: Callable[[Fits], list[int]],
    engine: VisionLanguage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = memory(lambda model, rows: rows <= 2)
    made = tiny.ladder(EIGHT)
    rows = tiny.rows(engine, tiny.numbered(*NUMBERS))
    assert tiny.texts(made.write(rows)) == NUMBERS
    assert asked == [8, 4, 2, 2, 2, 2]
    assert tiny.texts(made.write(rows[:4])) == NUMBERS[:4]
    assert asked[6:] == [2, 2]
    now = ladder.time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + HALVED_SECONDS + 1)
    assert made.batch == 8
    assert made.loaded is not None and held_in(made.loaded.model) == "none"


def test_page_that_does_not_fit_is_read_in_eight_bits(
    memory: Callable[[Fits], list[int]], engine: VisionLanguage
) -> None:
    asked = memory(lambda model, rows: held_in(model) == "8bit" and rows == 1)
    made = tiny.ladder(replace(tiny.PLAN, batch=2))
    written = made.write(tiny.rows(engine, tiny.numbered("8265091", "4172")))
    assert tiny.texts(written) == ["8265091", "4172"]
    assert asked == [2, 1, 1, 1]
    assert {row.revision.rsplit("/", 1)[1] for row in written} == {"8bit"}


def test_page_that_does_not_fit_in_eight_bits_is_read_in_four(
    memory: Callable[[Fits], list[int]], engine: VisionLanguage
) -> None:
    memory(lambda model, rows: held_in(model) == "4bit")
    written = tiny.ladder().write(tiny.rows(engine, tiny.numbered("8265091")))
    assert (written[0].text, written[0].revision.rsplit("/", 1)[1]) == ("8265091", "4bit")


def test_page_that_does_not_fit_at_all_is_told_with_what_is_needed_and_there(
    memory: Callable[[Fits], list[int]], engine: VisionLanguage
) -> None:
    fits = False
    asked = memory(lambda model, rows: fits)
    made = tiny.ladder()
    rows = tiny.rows(engine, tiny.numbered("8265091"))
    with pytest.raises(EngineUnavailable, match="tiny needs more than") as caught:
        made.write(rows)
    assert asked == [1, 1, 1]
    # 3 layers, 1 head of 32 for keys and one for values, float32, the prompt and 40 tokens
    cache = 3 * 2 * 32 * 4 * (len(rows[0].prompt.ids) + 40)
    assert caught.value.actual is not None and caught.value.limit is not None
    assert 500_000 + cache < caught.value.actual < 5_000_000
    assert caught.value.limit > 10_000_000
    assert made.loaded is None
    fits = True
    assert tiny.texts(made.write(rows)) == ["8265091"]
    assert made.loaded is not None and held_in(made.loaded.model) == "none"


def test_weights_that_do_not_fit_are_loaded_in_fewer_bits(
    engine: VisionLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration as Model

    real, fitting, tried = Model.from_pretrained, "8bit", []

    def from_pretrained(folder: Path, **settings: Any) -> Any:
        bits = settings["quantization_config"]
        tried.append("none" if bits is None else "8bit" if bits.load_in_8bit else "4bit")
        if tried[-1] != fitting:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(folder, **settings)

    monkeypatch.setattr(Model, "from_pretrained", from_pretrained)
    rows = tiny.rows(engine, tiny.numbered("8265091"))
    assert tiny.texts(tiny.ladder().write(rows)) == ["8265091"]
    assert tried == ["none", "8bit"]
    fitting = "never"
    monkeypatch.setattr(residence, "_residences", {})
    with pytest.raises(EngineUnavailable, match="even in 4 bits"):
        tiny.ladder().write(rows)
    assert tried == ["none", "8bit", "none", "8bit", "4bit"]


def test_memory_of_the_cpu_that_runs_out_is_known_by_its_words(
    engine: VisionLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def small(loaded: Any, rows: Any, **settings: Any) -> Any:
        import torch

        asked.append(len(rows))
        if len(rows) > 1:
            torch.empty(1 << 60, dtype=torch.uint8)
        return write(loaded, rows, **settings)

    monkeypatch.setattr(ladder, "write", small)
    rows = tiny.rows(engine, tiny.numbered("8265091", "4172"))
    assert tiny.texts(tiny.ladder().write(rows)) == ["8265091", "4172"]
    assert asked == [2, 1, 1]


def test_other_errors_are_none_of_memory(
    engine: VisionLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Qwen2_5_VLForConditionalGeneration as Model

    def broken(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("device-side assert triggered")

    monkeypatch.setattr(Model, "generate", broken)
    with pytest.raises(RuntimeError, match="device-side"):
        tiny.ladder().write(tiny.rows(engine, tiny.numbered("417", "8265091")))


def test_unloading_frees_the_model_and_it_comes_back(engine: VisionLanguage) -> None:
    made = tiny.engine()
    (page,) = tiny.numbered("4172")
    assert made.loaded_bytes == 0
    before = made.revision
    made.read([page])
    assert made.loaded_bytes > 1_000_000
    assert made.revision == f"{before}/fp32/none"
    made.unload()
    assert made.loaded_bytes == 0
    assert made.read([page])[0].markup == "4172"
