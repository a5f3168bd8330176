from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from extraction.engines.vlm import VisionLanguage
from extraction.engines.vlm.generation import Course, Row, Token, Written, write
from extraction.engines.vlm.loading import Loaded, load
from tests.checkpoints.digits import page
from tests.extraction.engines.vlm import tiny

NUMBERS = ("417", "8265091", "55555", "074391", "9026", "1234567")


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    row = tiny.model()
    return load(row, Path(row.source), tiny.PLAN)


def rows(engine: VisionLanguage, *numbers: str, **changes: Any) -> list[Row]:
    return [replace(row, **changes) for row in tiny.rows(engine, tiny.numbered(*numbers))]


def written(loaded: Loaded, rows: list[Row], penalty: float = 1.0) -> list[Written]:
    return write(loaded, rows, repetition_penalty=penalty)


def test_batch_of_unlike_sizes_writes_what_each_alone_writes(
    loaded: Loaded, engine: VisionLanguage
) -> None:
    together = written(loaded, rows(engine, *NUMBERS))
    alone = [written(loaded, [row])[0] for row in rows(engine, *NUMBERS)]
    assert tiny.texts(together) == list(NUMBERS)
    for one, other in zip(together, alone, strict=True):
        assert [token.id for token in one.tokens] == [token.id for token in other.tokens]
        assert [token.probability for token in one.tokens] == pytest.approx(
            [token.probability for token in other.tokens], abs=1e-4
        )
    assert {row.ended for row in together} == {"end"}


def test_tokens_have_their_places_and_the_probabilities_that_transformers_computes(
    loaded: Loaded, engine: VisionLanguage
) -> None:
    (row,) = rows(engine, "41726")
    (mine,) = written(loaded, [row])
    from extraction.engines.vlm.processor import batch_of

    inputs = batch_of([row.prompt], pad=0, image_token=loaded.processor.image_token)
    theirs = loaded.model.generate(
        **inputs, max_new_tokens=5, return_dict_in_generate=True, output_scores=True
    )
    scores = loaded.model.compute_transition_scores(
        theirs.sequences, theirs.scores, normalize_logits=True
    )
    assert [token.probability for token in mine.tokens] == pytest.approx(
        scores[0].exp().tolist(), abs=1e-5
    )
    assert [mine.text[token.start : token.end] for token in mine.tokens] == list("41726")
    assert row.count == 5


def test_confidence_is_the_geometric_mean_of_all_tokens_or_of_a_part() -> None:
    tokens = tuple(
        Token(n, n, n + 1, probability) for n, probability in enumerate((0.9, 0.4, 0.5, 1.0))
    )
    text = Written("1234", tokens, "end", "")
    assert text.confidence == pytest.approx((0.9 * 0.4 * 0.5) ** 0.25)
    assert text.confidence_of(1, 3) == pytest.approx(math.sqrt(0.4 * 0.5))
    assert text.confidence_of(4, 9) is None
    assert Written("", (), "end", "").confidence is None


def test_blurred_digit_is_written_with_less_confidence_than_the_others(
    loaded: Loaded, engine: VisionLanguage
) -> None:
    (item,) = tiny.numbered("41726")
    assert item.pixels is not None
    image = Image.fromarray(item.pixels)
    middle = image.crop((56, 0, 84, 28)).filter(ImageFilter.GaussianBlur(3.5))
    image.paste(middle, (56, 0))
    clear, blurred = written(loaded, tiny.rows(engine, [item, page(np.asarray(image))]))
    assert clear.confidence is not None and blurred.confidence is not None
    assert 0 < blurred.confidence < clear.confidence - 0.01
    assert 0.98 < clear.confidence <= 1
    by_digit = [token.probability for token in blurred.tokens]
    assert min(by_digit) == by_digit[2] == blurred.confidence_of(2, 3)


def test_row_ends_at_its_own_cap_and_the_others_go_on(
    loaded: Loaded, engine: VisionLanguage
) -> None:
    short, long = rows(engine, "8265091", "074391")
    cut, whole = written(loaded, [replace(short, max_tokens=3), long])
    assert (cut.text, cut.ended, len(cut.tokens)) == ("826", "cap", 3)
    assert (whole.text, whole.ended) == ("074391", "end")


def test_row_that_nobody_wants_ends_with_its_next_token_and_the_others_go_on(
    loaded: Loaded, engine: VisionLanguage
) -> None:
    gone, wanted = rows(engine, "8265091", "074391")
    gone.unwanted = True
    left, whole = written(loaded, [gone, wanted])
    assert (left.text, left.ended) == ("8", "cancelled")
    assert (whole.text, whole.ended) == ("074391", "end")


def test_row_that_loops_is_ended_and_the_others_are_what_they_were(
    tmp_path: Path, engine: VisionLanguage
) -> None:
    row = tiny.model(tiny.stuck_at_seven(tmp_path))
    stuck = load(row, Path(row.source), tiny.PLAN)
    looped, whole = written(stuck, rows(engine, "41726", "8265013", max_tokens=2000))
    assert looped.ended == "loop"
    assert looped.text == "41" + "7" * 257
    assert looped.loop is not None and (looped.loop.start, looped.loop.period) == (2, 1)
    assert (whole.text, whole.ended) == ("8265013", "end")


def test_second_course_keeps_what_was_written_and_bars_a_token(
    loaded: Loaded, engine: VisionLanguage
) -> None:
    (row,) = rows(engine, "41726")
    (first,) = written(loaded, [row])
    course = Course(first.tokens[:2], first.tokens[2].id, None, 1.0, 0)
    (second,) = written(loaded, [replace(row, course=course)])
    assert second.tokens[:2] == first.tokens[:2]
    assert second.text.startswith("41")
    assert not second.text.startswith("417")
    course = Course(first.tokens[:3], None, None, 1.0, 0)
    (third,) = written(loaded, [replace(row, course=course)])
    assert third.text == "41726"
    assert [token.probability for token in third.tokens] == pytest.approx(
        [token.probability for token in first.tokens], abs=1e-4
    )


def test_second_course_shuns_tokens_for_some_steps(loaded: Loaded, engine: VisionLanguage) -> None:
    (row,) = rows(engine, "41726")
    shun = Course((), None, (tiny.token("4"), tiny.token("7")), 1000.0, 2)
    (shunned,) = written(loaded, [replace(row, course=shun)])
    assert shunned.text[0] not in "47"
    assert shunned.text[2] == "7"


def test_penalty_of_the_row_wins_over_the_folders(tmp_path: Path, engine: VisionLanguage) -> None:
    row = tiny.model(tiny.copy(tmp_path, repetition_penalty=30.0, temperature=0.5, top_k=3))
    loaded = load(row, Path(row.source), tiny.PLAN)
    assert written(loaded, rows(engine, "55555"))[0].text == "55555"
    assert written(loaded, rows(engine, "55555"), penalty=30.0)[0].text != "55555"


def test_no_row_writes_the_token_of_an_image(tmp_path: Path, engine: VisionLanguage) -> None:
    image = tiny.token("<|image_pad|>")
    row = tiny.model(tiny.copy(tmp_path, sequence_bias=[[[image], 1000.0]]))
    loaded = load(row, Path(row.source), tiny.PLAN)
    assert written(loaded, rows(engine, "41726"))[0].text == "41726"


def test_cache_laid_out_at_once_writes_the_same(engine: VisionLanguage) -> None:
    row = tiny.model()
    static = load(row, Path(row.source), replace(tiny.PLAN, cache="static"))
    assert tiny.texts(written(static, rows(engine, *NUMBERS))) == list(NUMBERS)


def test_model_that_computes_no_numbers_is_an_error(engine: VisionLanguage) -> None:
    row = tiny.model()
    broken = load(row, Path(row.source), tiny.PLAN)
    broken.model.model.language_model.norm.weight.data.fill_(math.nan)
    with pytest.raises(ArithmeticError, match="no probabilities"):
        written(broken, rows(engine, "41726"))
