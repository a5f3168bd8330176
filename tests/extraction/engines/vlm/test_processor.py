from __future__ import annotations

import numpy as np
import pytest

from extraction.engines.vlm.loading import processor_of
from extraction.engines.vlm.processor import Processor, batch_of
from extraction.vision_models import VISION_MODELS
from tests.checkpoints.digits import CELL
from tests.extraction.engines.vlm import tiny


@pytest.fixture(scope="module")
def processor() -> Processor:
    return processor_of(tiny.FOLDER)


def white(height: int, width: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.full((height, width, 3), 255, np.uint8)


def test_prompt_is_the_conversation_with_a_token_for_each_cell_of_the_image(
    processor: Processor,
) -> None:
    prompt = processor.prompt(white(28, 112), tiny.READ, min_pixels=784, max_pixels=78400)
    assert processor.tokenizer.decode(prompt.ids) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|image_pad|><|image_pad|><|image_pad|>"
        "<|vision_end|>Read the number in the image.<|im_end|>\n<|im_start|>assistant\n"
    )
    assert prompt.grid == (1, 2, 8)
    assert prompt.patches.shape == (16, 3 * 2 * 14 * 14)
    assert prompt.patches.dtype == np.float32


@pytest.mark.parametrize(
    ("height", "width", "bounds", "grid"),
    [
        (280, 560, (784, 1_000_000), (20, 40)),  # as it is
        (280, 560, (784, 78_400), (14, 28)),  # made smaller
        (28, 56, (12_544, 78_400), (6, 12)),  # made larger
        (300, 570, (784, 1_000_000), (22, 40)),  # to whole cells
    ],
)
def test_prompt_shows_the_page_within_the_bounds(
    processor: Processor, height: int, width: int, bounds: tuple[int, int], grid: tuple[int, int]
) -> None:
    low, high = bounds
    prompt = processor.prompt(white(height, width), tiny.READ, min_pixels=low, max_pixels=high)
    assert prompt.grid == (1, *grid)
    assert low <= 14 * 14 * grid[0] * grid[1] <= high
    assert prompt.ids.count(processor.image_token) == grid[0] * grid[1] // 4


def test_prompt_refuses_a_thread_of_a_page(processor: Processor) -> None:
    with pytest.raises(ValueError, match="aspect ratio"):
        processor.prompt(white(1, 300), tiny.READ, min_pixels=784, max_pixels=78400)


def test_instruction_that_names_special_tokens_is_refused(processor: Processor) -> None:
    with pytest.raises(ValueError, match="once"):
        processor.prompt(white(28, 28), "Read <|image_pad|>", min_pixels=784, max_pixels=78400)


def test_instruction_of_the_large_models_makes_a_prompt_too(processor: Processor) -> None:
    instruction = VISION_MODELS["nanonets-ocr-s"].instruction
    prompt = processor.prompt(white(28, 28), instruction, min_pixels=784, max_pixels=78400)
    assert instruction in processor.tokenizer.decode(prompt.ids)


def test_batch_is_padded_on_the_left(processor: Processor) -> None:
    short, long = (
        processor.prompt(white(CELL, CELL * n), tiny.READ, min_pixels=784, max_pixels=78400)
        for n in (3, 7)
    )
    pad = processor.tokenizer.pad_token_id
    batch = batch_of([short, long], pad=pad, image_token=processor.image_token)
    ids, seen = batch["input_ids"].tolist(), batch["attention_mask"].tolist()
    assert ids == [[pad] * 4 + list(short.ids), list(long.ids)]
    assert seen == [[0] * 4 + [1] * len(short.ids), [1] * len(long.ids)]
    assert batch["mm_token_type_ids"].sum(1).tolist() == [3, 7]
    assert batch["pixel_values"].shape == (4 * (3 + 7), 1176)
    assert batch["image_grid_thw"].tolist() == [[1, 2, 6], [1, 2, 14]]


def test_batch_is_padded_to_a_multiple_where_asked(processor: Processor) -> None:
    prompt = processor.prompt(white(28, 84), tiny.READ, min_pixels=784, max_pixels=78400)
    batch = batch_of([prompt], pad=0, image_token=processor.image_token, step=64)
    assert batch["input_ids"].shape == (1, 64)


def test_offsets_give_each_token_its_part_of_the_text(processor: Processor) -> None:
    text = "Zwölf ☑ für 7 €"
    ids = [*processor.tokenizer(text)["input_ids"], tiny.token(tiny.IM_END)]
    told, spans = processor.offsets(ids)
    assert told == text
    assert len(spans) == len(ids)
    assert spans[-1] == (len(text), len(text))
    assert {place for start, end in spans for place in range(start, end)} == set(range(len(text)))
    ö = text.index("ö")
    assert [span for span in spans if span == (ö, ö + 1)] == [(ö, ö + 1)] * 2  # a byte each


def test_offsets_leave_out_a_character_that_was_cut_short(processor: Processor) -> None:
    ids = processor.tokenizer("7 €")["input_ids"][:-1]
    text, spans = processor.offsets(ids)
    assert text == "7 "
    assert len(spans) == len(ids)
