from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extraction import engines
from extraction.engines import Watch, degraded, get
from extraction.engines.configuration import Configuration
from extraction.engines.vlm import VisionLanguage
from extraction.engines.vlm.residence import residence
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable
from extraction.types import PageImage, PageText
from tests.checkpoints.digits import drawn, number, page
from tests.extraction.engines.vlm import tiny


def markups(texts: list[PageText]) -> list[str | None]:
    return [text.markup for text in texts]


@pytest.fixture
def table() -> Iterator[Configuration]:
    """The table of engines with the tiny model in it."""
    set_up = tiny.configuration(tiny.model())
    engines.configure(set_up)
    yield set_up
    engines.configure(Configuration())


def test_engine_reads_true_numbers_in_order(engine: VisionLanguage) -> None:
    numbers = ["417", "8265091", "55555", "074391", "9026", "1234567"]
    texts = engine.read(tiny.numbered(*numbers))
    assert markups(texts) == numbers
    assert [text.tokens for text in texts] == [len(each) for each in numbers]
    assert all(text.confidence is not None and 0.9 < text.confidence <= 1 for text in texts)
    assert {(text.engine, text.lines, text.warnings, text.error) for text in texts} == {
        ("tiny", (), (), None)
    }
    assert {text.revision for text in texts} == {engine.revision}
    assert engine.revision.startswith("tiny@")
    assert engine.revision.endswith("/fp32/none")


def test_engine_reads_nearly_all_numbers_it_has_never_seen(engine: VisionLanguage) -> None:
    rng = random.Random(4)
    numbers = [number(rng, rng.randint(3, 7)) for _ in range(120)]
    read = markups(engine.read(tiny.numbered(*numbers, seed=5)))
    assert sum(one == other for one, other in zip(numbers, read, strict=True)) >= 118


def test_engine_does_what_the_instruction_of_its_row_says() -> None:
    texts = tiny.engine(instruction=tiny.TABLE).read(tiny.numbered("41726", "880"))
    assert markups(texts) == [
        "<table><tr><td>41726</td></tr></table>",
        "<table><tr><td>880</td></tr></table>",
    ]


def test_engine_comes_from_the_table(table: Configuration) -> None:
    made = get("tiny", 1)
    assert isinstance(made, VisionLanguage)
    assert (made.wants, made.at_once, made.name) == ("pixels", 4, "tiny")
    assert markups(made.read(tiny.numbered("41726"))) == ["41726"]
    planned = residence().plan_of(made.model, table)  # which differs from machine to machine
    revision = f"{engines.ENGINES['tiny'].revision}/{planned.dtype}/none"
    assert made.revision == revision


def test_model_that_is_not_set_up_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="'other'"):
        VisionLanguage(name="other", configuration=tiny.configuration(tiny.model()))


def test_missing_weights_are_told_before_anything_is_read(tmp_path: Path) -> None:
    set_up = tiny.configuration(tiny.model("owner/tiny"), weights=tmp_path)
    made = VisionLanguage(name="tiny", configuration=set_up, planned=tiny.PLAN)
    with pytest.raises(EngineUnavailable, match="models download tiny"):
        made.read(tiny.numbered("41726"))


def test_jobs_that_read_at_once_share_a_batch_and_get_their_own_numbers() -> None:
    made = tiny.engine(planned=replace(tiny.PLAN, batch=12), wait=20.0)
    rng = random.Random(3)
    asked = [[number(rng, rng.randint(3, 7)) for _ in range(2)] for _ in range(6)]
    pages = [tiny.numbered(*each, seed=n) for n, each in enumerate(asked)]
    together = threading.Barrier(6)

    def job(n: int) -> list[str | None]:
        together.wait()
        return markups(made.read(pages[n]))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(job, range(6))) == asked
    assert made._batcher.batches == 1


def test_watch_is_told_of_each_page_in_the_callers_thread(tmp_path: Path) -> None:
    made = tiny.engine(tiny.endless(tmp_path), max_tokens=600)
    told: list[tuple[int, int, int]] = []

    def note(number: int, tokens: int) -> None:
        told.append((number, tokens, threading.get_ident()))

    made.read(tiny.numbered("417", "8265091"), Watch(told=note))
    assert {thread for _, _, thread in told} == {threading.get_ident()}
    for wanted in (1, 2):
        counts = [tokens for number, tokens, _ in told if number == wanted]
        first_try = counts[: counts.index(600) + 1]
        assert first_try == sorted(set(first_try))
        assert len(first_try) >= 3


def test_cancel_ends_the_callers_pages_within_some_tokens_and_nobody_elses(
    tmp_path: Path,
) -> None:
    made = tiny.engine(tiny.endless(tmp_path), wait=0.0, max_tokens=1500)
    gone = tiny.rows(made, tiny.numbered("417", "8265091"))
    seen = []

    def stop() -> bool:
        seen.append([row.count for row in gone])
        return seen[-1][0] > 20

    with pytest.raises(Cancelled):
        made._batcher.write(gone, stop=stop, look=lambda: None)
    (other,) = tiny.rows(made, tiny.numbered("9026"))
    (written,) = made._batcher.write([other], stop=lambda: False, look=lambda: None)
    assert written.ended == "cap" and written.text.startswith("9026")  # type: ignore[union-attr]
    assert all(20 < row.count <= count + 10 for row, count in zip(gone, seen[-1], strict=True))


def test_cancelled_job_does_not_disturb_one_in_the_same_batch(tmp_path: Path) -> None:
    made = tiny.engine(tiny.endless(tmp_path), wait=20.0, max_tokens=900)
    numbers = ["417", "8265091", "9026", "1234567"]
    pages = tiny.numbered(*numbers)
    rows = tiny.rows(made, pages)

    def stop() -> bool:
        return rows[0].count > 20

    with ThreadPoolExecutor(1) as pool:
        staying = pool.submit(made._batcher.write, rows[2:], stop=lambda: False, look=lambda: None)
        with pytest.raises(Cancelled):
            made._batcher.write(rows[:2], stop=stop, look=lambda: None)
        outcomes = staying.result()
    assert made._batcher.batches == 1
    assert [row.count < 900 for row in rows] == [True, True, False, False]
    assert [outcome.text[:4] for outcome in outcomes] == ["9026", "1234"]  # type: ignore[union-attr]


def test_read_raises_cancelled_when_the_watch_says_stop(tmp_path: Path) -> None:
    made = tiny.engine(tiny.endless(tmp_path), max_tokens=3000)
    started, counts = time.monotonic(), [0]
    watch = Watch(
        stop=lambda: time.monotonic() - started > 0.3, told=lambda page, n: counts.append(n)
    )
    with pytest.raises(Cancelled):
        made.read(tiny.numbered("417"), watch)
    assert counts[-1] < 1500, "half of what it would have written"


def test_loop_is_left_and_the_page_read_to_its_end(tmp_path: Path) -> None:
    made = tiny.engine(tiny.stuck_at_seven(tmp_path), max_tokens=600)
    texts = made.read(tiny.numbered("41726", "8265091", "5570"))
    assert markups(texts) == ["41726", "8265091", "5570"]
    assert [text.warnings for text in texts] == [("model_retried",), (), ("model_retried",)]
    assert texts[0].tokens == 5
    assert texts[0].confidence is not None and 0 < texts[0].confidence <= 1


def test_page_that_loops_again_is_read_by_ocr_and_marked(tmp_path: Path) -> None:
    made = tiny.engine(tiny.stuck_at_seven(tmp_path), max_tokens=600)
    pages = tiny.numbered("41726", "47172")
    good, looped = made.read(pages)
    assert (good.markup, good.engine) == ("41726", "tiny")
    assert looped.engine == "rapidocr"
    assert looped.markup is None
    assert looped.warnings == ("degraded", "model_looped")
    assert replace(looped, warnings=()) == get("rapidocr", 1).read([pages[1]])[0]
    assert "".join(line.text for line in looped.lines).replace(" ", "") == "47172"


def test_page_cut_short_is_tried_again_and_then_read_by_ocr(
    engine: VisionLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tiny.engine(max_tokens=6)
    written: list[int] = []
    real = made._batcher.write

    def count(rows: list[Any], **watching: Any) -> Any:
        written.append(len(rows))
        return real(rows, **watching)

    monkeypatch.setattr(made._batcher, "write", count)
    short, long = made.read(tiny.numbered("41726", "8265091"))
    assert (short.markup, short.warnings) == ("41726", ())
    assert (long.engine, long.warnings) == ("rapidocr", ("degraded", "model_cut_short"))
    assert written == [2, 1]


def test_model_that_writes_nothing_on_a_page_with_ink_gives_way_to_ocr(tmp_path: Path) -> None:
    end = tiny.token(tiny.IM_END)
    made = tiny.engine(tiny.copy(tmp_path, sequence_bias=[[[end], 1000.0]]))
    inked_page, blank = *tiny.numbered("41726"), page(drawn("", random.Random(1)), 2)
    read, nothing = made.read([inked_page, blank])
    assert (read.engine, read.warnings) == ("rapidocr", ("degraded", "model_wrote_nothing"))
    assert (nothing.engine, nothing.markup, nothing.warnings) == ("tiny", "", ())


def test_blank_page_is_read_as_nothing(engine: VisionLanguage) -> None:
    (text,) = engine.read([page(drawn("", random.Random(2)))])
    assert (text.markup, text.tokens, text.confidence, text.engine) == ("", 0, None, "tiny")


def test_engine_is_warmed_with_a_whole_page(table: Configuration) -> None:
    made = engines.warm("tiny", 1)
    assert isinstance(made, VisionLanguage)
    assert made.loaded_bytes > 700_000


def test_page_that_cannot_be_shown_is_its_own_error_among_others(engine: VisionLanguage) -> None:
    thread = page(np.zeros((1, 300, 3), np.uint8), 2)
    nothing = PageImage(3, 10.0, 10.0, 0, 72.0)
    texts = engine.read([*tiny.numbered("41726"), thread, nothing])
    assert markups(texts) == ["41726", None, None]
    errors = [text.error for text in texts if text.error]
    assert [error.code for error in errors] == ["engine_failed"] * 2
    assert "aspect ratio" in errors[0].detail
    assert errors[1].detail == "page 3 came without pixels"
    with pytest.raises(EngineFailed, match="without pixels"):
        engine.read([nothing])


def test_model_that_fails_on_a_page_fails_on_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from transformers import Qwen2_5_VLForConditionalGeneration as Model

    real = Model.generate

    def generate(self: Any, **inputs: Any) -> Any:
        if any(grid[2] == 14 for grid in inputs["image_grid_thw"].tolist()):
            raise RuntimeError("a page of 7 digits")
        return real(self, **inputs)

    monkeypatch.setattr(Model, "generate", generate)
    made = tiny.engine()
    texts = made.read(tiny.numbered("417", "8265091", "9026"))
    assert markups(texts) == ["417", None, "9026"]
    assert texts[1].error is not None and texts[1].error.code == "engine_failed"
    with pytest.raises(EngineFailed):
        made.read(tiny.numbered("8265091"))
    assert markups(made.read(tiny.numbered("417"))) == ["417"]


@pytest.mark.parametrize(
    ("marks", "paper", "expected"),
    [(0, 250, False), (40, 250, True), (40, 10, True), (1, 250, False)],
)
def test_ink_is_what_differs_from_the_paper(marks: int, paper: int, expected: bool) -> None:
    pixels = np.full((600, 400, 3), paper, np.uint8)
    pixels[100:102, 50 : 50 + 4 * marks] = 255 - paper
    assert degraded.inked(pixels) is expected
