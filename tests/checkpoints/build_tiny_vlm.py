"""Builds tests/checkpoints/tiny-vlm: a real but tiny Qwen2.5-VL that reads numbers.

    python -m tests.checkpoints.build_tiny_vlm [--out FOLDER] [--steps N]

It has the architecture and the folder of the large ones, and 0.4 million random weights that are
then trained, on one core of a CPU within some ten minutes, to write what ``digits.drawn`` draws: a
number, or nothing for a blank page.

Of 200 unseen numbers of each length, the one that is kept reads all of 3 to 7 digits, as a number
(``READ``) and as a table (``TABLE``). Of 8 digits it reads all as a table and 20 as a number. The
large models' instruction (``NANONETS``) it follows at some lengths only (0.58 over 3 to 8 digits).
"""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
)
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from extraction.engines.vlm.processor import Processor, Prompt, batch_of
from extraction.vision_models import VISION_MODELS
from tests.checkpoints.digits import CELL, LONGEST, SHORTEST, drawn, number

OUT = Path(__file__).resolve().parent / "tiny-vlm"
READ = "Read the number in the image."
TABLE = "Write the number in the image as a table in html format."
NANONETS = VISION_MODELS["nanonets-ocr-s"].instruction
SHARE = {READ: 0.5, TABLE: 0.3, NANONETS: 0.2}  # of the training's steps

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
# What the large ones' template makes of one turn with an image.
TEMPLATE = """\
{%- for message in messages -%}
{%- if loop.first and message['role'] != 'system' -%}
{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif -%}
{{ '<|im_start|>' + message['role'] + '\\n' }}
{%- if message['content'] is string -%}{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}{{ '<|vision_start|><|image_pad|><|vision_end|>' }}
{%- elif part['type'] == 'text' -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}
{%- endif -%}
{{ '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}
"""

BATCH = 32
POOL = 600  # drawings of each length
RATE = 3e-3


def answer(text: str, instruction: str) -> str:
    """What the model is to write."""
    table = instruction == TABLE and text
    return f"<table><tr><td>{text}</td></tr></table>" if table else text


def tokenizer() -> Any:
    """A tokenizer of the large ones' kind that has learned a few hundred merges."""
    bytes_ = pre_tokenizers.ByteLevel.alphabet()
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_pattern(), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    texts = [*SHARE, "system user assistant\nYou are a helpful assistant.\n", answer("1", TABLE)]
    learner.train_from_iterator(
        texts * 3,
        trainers.BpeTrainer(vocab_size=800, initial_alphabet=bytes_, show_progress=False),
    )
    learned = json.loads(learner.to_str())["model"]
    merges: Any = [tuple(merge) for merge in learned["merges"]]
    made = Qwen2Tokenizer(
        vocab=learned["vocab"],
        merges=merges,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=4096,
    )
    made.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    made.padding_side = "left"
    made.chat_template = TEMPLATE
    return made


def _pattern() -> Any:
    from tokenizers import Regex

    return Regex(PRETOKENIZE_REGEX)


def untrained(tokens: Any) -> Any:
    """The model with random weights: 2 vision layers and 3 of language, 64 wide."""
    torch.manual_seed(1)
    id_of = tokens.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 64,
            "intermediate_size": 128,
            "initializer_range": 0.08,
            "vocab_size": len(tokens),
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 4096,
            # A head has 16 frequencies, the highest for time and rows; the numbers run across, so
            # nearly all of them tell columns.
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 30.0,
                "mrope_section": [2, 2, 12],
            },
            "bos_token_id": id_of("<|endoftext|>"),
            "eos_token_id": id_of("<|im_end|>"),
            "pad_token_id": id_of("<|endoftext|>"),
        },
        vision_config={
            "hidden_size": 64,
            "intermediate_size": 128,
            "initializer_range": 0.08,
            "depth": 2,
            "num_heads": 4,
            "out_hidden_size": 64,
            "fullatt_block_indexes": [1],
            "window_size": 112,
        },
        image_token_id=id_of("<|image_pad|>"),
        video_token_id=id_of("<|video_pad|>"),
        vision_start_token_id=id_of("<|vision_start|>"),
        vision_end_token_id=id_of("<|vision_end|>"),
        tie_word_embeddings=True,
    )  # fmt: skip
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        bos_token_id=id_of("<|endoftext|>"),
        pad_token_id=id_of("<|endoftext|>"),
        eos_token_id=[id_of("<|im_end|>"), id_of("<|endoftext|>")],
        do_sample=False,
    )
    return model


def save(model: Any, tokens: Any, out: Path) -> None:
    """Write the folder as the hub has it: preprocessor_config.json names the stock classes."""
    model.save_pretrained(out)
    tokens.save_pretrained(out)
    smallest, largest = SHORTEST * CELL * CELL, 64 * CELL * CELL
    images = Qwen2VLImageProcessorPil(size={"shortest_edge": smallest, "longest_edge": largest})
    images.save_pretrained(out)
    stored = json.loads((out / "preprocessor_config.json").read_text())
    stored |= {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
        "min_pixels": smallest,
        "max_pixels": largest,
    }
    (out / "preprocessor_config.json").write_text(json.dumps(stored, indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class Drawings:
    """Drawings of one width: their patches, float32 of (drawings, patches, pixels), and texts."""

    patches: np.ndarray[Any, np.dtype[np.float32]]
    texts: tuple[str, ...]
    grid: tuple[int, int, int]


def drawings(processor: Processor, cells: int, rng: random.Random) -> Drawings:
    """Numbers of so many digits; one in eight is a blank page of their width."""
    texts, patches = [], []
    grid = (1, 2, 2 * cells)
    for _ in range(POOL):
        text = "" if rng.random() < 0.125 else number(rng, cells)
        pixels = drawn(text, rng)
        if not text:
            pixels = np.ascontiguousarray(pixels[:, :1].repeat(CELL * cells, axis=1))
        prompt = shown(processor, pixels, READ)
        assert prompt.grid == grid
        texts.append(text)
        patches.append(prompt.patches)
    return Drawings(np.stack(patches), tuple(texts), grid)


def shown(processor: Processor, pixels: Any, instruction: str) -> Prompt:
    """The prompt for a drawing, at the size it is drawn."""
    return processor.prompt(
        pixels, instruction, min_pixels=SHORTEST * CELL * CELL, max_pixels=64 * CELL * CELL
    )


def lesson(
    processor: Processor, pools: dict[int, Drawings], longest: int, instruction: str, rng: Any
) -> Any:
    """A batch of up to that many digits, with its labels: what follows the prompt, and the end."""
    tokens = processor.tokenizer
    pad, end = tokens.pad_token_id, tokens.convert_tokens_to_ids("<|im_end|>")
    asked, answers = [], []
    for _ in range(BATCH):
        cells = rng.randint(SHORTEST, longest)
        chosen = rng.randrange(POOL)
        pool = pools[cells]
        ids = _ids(processor, cells, instruction)
        asked.append(Prompt(ids, pool.patches[chosen], pool.grid))
        text = answer(pool.texts[chosen], instruction)
        answers.append([*(tokens(text)["input_ids"] if text else ()), end])
    inputs = batch_of(asked, pad=pad, image_token=processor.image_token)
    width = max(map(len, answers))
    written = torch.tensor([row + [pad] * (width - len(row)) for row in answers])
    labels = torch.tensor([row + [-100] * (width - len(row)) for row in answers])
    before = torch.full_like(inputs["input_ids"], -100)
    return inputs | {
        "input_ids": torch.cat([inputs["input_ids"], written], 1),
        "attention_mask": torch.cat([inputs["attention_mask"], torch.ones_like(written)], 1),
        "mm_token_type_ids": torch.cat([inputs["mm_token_type_ids"], written * 0], 1),
        "labels": torch.cat([before, labels], 1),
    }


@cache
def _ids(processor: Processor, cells: int, instruction: str) -> tuple[int, ...]:
    return shown(processor, np.zeros((CELL, CELL * cells, 3), np.uint8), instruction).ids


def train(model: Any, processor: Processor, steps: int) -> None:
    """Teach the model; short numbers and the short instruction come first."""
    rng = random.Random(0)
    pools = {cells: drawings(processor, cells, rng) for cells in range(SHORTEST, LONGEST + 1)}
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    model.train()
    started = time.monotonic()
    for step in range(steps):
        progress = step / steps
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * max(0.02, 1 - progress)
        longest = min(LONGEST, SHORTEST + int(progress / 0.08))
        instruction = READ
        if progress > 0.4:
            instruction = rng.choices(list(SHARE), list(SHARE.values()))[0]
        loss = model(**lesson(processor, pools, longest, instruction, rng)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 99:
            seconds = time.monotonic() - started
            print(
                f"{step + 1} steps, {seconds:.0f} s, to {longest}, loss {loss.item():.4f}",
                flush=True,
            )


@torch.inference_mode()
def right(model: Any, processor: Processor, instruction: str, count: int) -> float:
    """The share of unseen drawings (blank ones too) whose text the model writes exactly."""
    rng = random.Random(20_000)
    model.eval()
    hits = 0
    for start in range(0, count, BATCH):
        texts = [
            "" if rng.random() < 0.1 else number(rng, rng.randint(SHORTEST, LONGEST))
            for _ in range(min(BATCH, count - start))
        ]
        prompts = [shown(processor, drawn(text, rng), instruction) for text in texts]
        pad = processor.tokenizer.pad_token_id
        asked = batch_of(prompts, pad=pad, image_token=processor.image_token)
        ids = model.generate(**asked, max_new_tokens=40)[:, asked["input_ids"].shape[1] :]
        got = processor.tokenizer.batch_decode(ids, skip_special_tokens=True)
        hits += sum(
            mine == answer(text, instruction) for mine, text in zip(got, texts, strict=True)
        )
    return hits / count


def main() -> None:
    """Build, train, save, and print how well the saved one reads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--steps", type=int, default=5000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tokens = tokenizer()
    model = untrained(tokens)
    save(model, tokens, arguments.out)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(tokens)} tokens")
    processor = Processor(arguments.out)
    train(model, processor, arguments.steps)
    save(model, tokens, arguments.out)
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(arguments.out, dtype=torch.float32)
    for instruction in SHARE:
        print(f"{right(model, processor, instruction, 500):.3f} right: {instruction[:40]}")


if __name__ == "__main__":
    main()
