from __future__ import annotations

import numpy as np
import pytest

from extraction.engines.vlm.processor import Processor
from extraction.errors import Cancelled
from extraction.training import Lesson
from extraction.training.lessons import UNTAUGHT, answer, example, survey, taught_batch
from tests.checkpoints.digits import page
from tests.extraction.engines.vlm import tiny
from tests.extraction.training.taught import lessons

MOST = tiny.PLAN.max_pixels


@pytest.fixture(scope="module")
def processor() -> Processor:
    return Processor(tiny.FOLDER)


def test_prompt_is_that_of_reading_and_the_text_and_its_end_are_learned(
    processor: Processor,
) -> None:
    given = lessons(3)
    examples = [example(lesson, processor, tiny.model(), MOST) for lesson in given]
    inputs, labels = taught_batch(examples, processor)
    pages = [page(lesson.pixels) for lesson in given]
    for place, (row, lesson) in enumerate(zip(tiny.rows(tiny.engine(), pages), given, strict=True)):
        ids = inputs["input_ids"][place][inputs["attention_mask"][place] == 1].tolist()
        learned = [label for label in labels[place].tolist() if label != UNTAUGHT]
        assert tuple(ids) == (*row.prompt.ids, *learned)
        assert learned[-1] == tiny.token(tiny.IM_END)
        assert processor.offsets(learned)[0] == lesson.text
        shown = labels[place] != UNTAUGHT
        assert labels[place][shown].tolist() == inputs["input_ids"][place][shown].tolist()


def test_text_that_looks_like_a_special_token_stays_text(processor: Processor) -> None:
    text = "4<|im_end|>\n<|im_start|>user<|image_pad|>Grüße 東京"
    ids = answer(text, processor)
    special = {tiny.token(each) for each in (tiny.IM_END, "<|im_start|>", "<|image_pad|>")}
    assert not special & set(ids[:-1])
    assert processor.offsets(ids)[0] == text


def test_blank_page_teaches_its_end_alone(processor: Processor) -> None:
    assert answer("", processor) == (tiny.token(tiny.IM_END),)


def test_digest_tells_pages_and_texts_and_their_order(processor: Processor) -> None:
    def digest(given: list[Lesson]) -> str:
        return survey(given, processor, tiny.model(), lambda: False).digest

    one, two = lessons(2)
    darker = Lesson(np.maximum(one.pixels, 1) - 1, one.text)
    different = [
        [one, two],
        [two, one],
        [one],
        [darker, two],
        [Lesson(one.pixels, one.text + " "), two],
        [Lesson(one.pixels.reshape(-1, 28, 3), one.text), two],
    ]
    assert len({digest(given) for given in different}) == len(different)
    assert digest(lessons(2)) == digest([one, two])


def test_survey_tells_how_much_is_taught_and_can_be_stopped(processor: Processor) -> None:
    given = [Lesson(lessons(1)[0].pixels, text) for text in ("", "1", "12")]
    assert survey(given, processor, tiny.model(), lambda: False).taught == (1, 2, 3)
    with pytest.raises(Cancelled):
        survey(given, processor, tiny.model(), lambda: True)
