"""Pages made ready for a model shaped like Qwen2.5-VL: its prompt as ids, the page as patches.

transformers' own processor for these models also reads videos, for which it wants torchvision;
pages are images, so this one puts together what images need: the tokenizer, the chat template and
the image processor of the model's folder.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from extraction.types import Pixels

IMAGE = "<|image_pad|>"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One page for the model.

    ``ids`` are the prompt's tokens, with as many image tokens as the page has. ``patches`` are its
    pixels, float32 of shape (rows x columns, pixels of a patch), ``grid`` is (1, rows, columns).
    """

    ids: tuple[int, ...]
    patches: npt.NDArray[np.float32]
    grid: tuple[int, int, int]


class Processor:
    """Makes prompts of pages; safe to call from several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Read the folder's tokenizer, chat template and image processor.

        Raises ``OSError`` or ``ValueError`` where they are missing or unfit.
        """
        from transformers import AutoTokenizer
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
            Qwen2VLImageProcessorPil,
        )

        self.tokenizer: Any = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        if self.tokenizer.chat_template is None:  # older folders have it in a file of its own
            stored = json.loads((folder / "chat_template.json").read_text())
            self.tokenizer.chat_template = stored["chat_template"]
        self._images: Any = Qwen2VLImageProcessorPil.from_pretrained(folder, local_files_only=True)
        self.image_token: Any = self.tokenizer.convert_tokens_to_ids(IMAGE)
        self._parts: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._asking = threading.Lock()

    def prompt(
        self, pixels: Pixels, instruction: str, *, min_pixels: int, max_pixels: int
    ) -> Prompt:
        """The page (RGB uint8, H x W x 3) with the instruction, as one turn of a conversation.

        The page is shown with ``min_pixels`` to ``max_pixels``, in whole patches. Raises
        ``ValueError`` for a page more than 200 times as long as wide.
        """
        before, after = self._around(instruction)
        shown = self._images(
            pixels,
            size={"shortest_edge": min_pixels, "longest_edge": max_pixels},
            input_data_format="channels_last",
            return_tensors="np",
        )
        grid = tuple(int(side) for side in shown["image_grid_thw"][0])
        tokens = grid[0] * grid[1] * grid[2] // self._images.merge_size**2
        return Prompt(
            (*before, *(self.image_token,) * tokens, *after),
            np.asarray(shown["pixel_values"], np.float32),
            (grid[0], grid[1], grid[2]),
        )

    def _around(self, instruction: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The prompt's tokens before and after the image; worked out once an instruction."""
        with self._asking:
            if instruction not in self._parts:
                content = [{"type": "image"}, {"type": "text", "text": instruction}]
                text = self.tokenizer.apply_chat_template(
                    [{"role": "user", "content": content}],
                    tokenize=False,
                    add_generation_prompt=True,
                )
                parts = text.split(IMAGE)
                if len(parts) != 2:
                    raise ValueError("the chat template does not show the image once")
                before, after = (tuple(self.tokenizer(part)["input_ids"]) for part in parts)
                self._parts[instruction] = before, after
            return self._parts[instruction]

    def offsets(self, ids: Sequence[int]) -> tuple[str, list[tuple[int, int]]]:
        """The text of the tokens, special ones left out, and each token's part of it.

        Tokens that share a character that no one of them writes alone all have that character.
        """
        from tokenizers.decoders import DecodeStream

        stream = DecodeStream(skip_special_tokens=True)
        text, spans, waiting = "", [], 0
        for id_ in ids:
            written = stream.step(self.tokenizer.backend_tokenizer, id_) or ""
            spans.append((len(text), len(text) + len(written)))
            text += written
            if written:
                for earlier in range(len(spans) - 1 - waiting, len(spans) - 1):
                    spans[earlier] = (spans[earlier][0], spans[earlier][0] + 1)
            waiting = 0 if written else waiting + 1
        return text, spans


def batch_of(
    prompts: Sequence[Prompt], *, pad: int, image_token: int, step: int = 1
) -> dict[str, Any]:
    """The prompts as a model's input: padded on the left to a multiple of ``step``, so that all
    rows are written on from the same place; the patches of all pages one after the other.
    """
    import torch

    width = -(-max(len(prompt.ids) for prompt in prompts) // step) * step
    ids = torch.full((len(prompts), width), pad)
    seen = torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt.ids) :] = torch.tensor(prompt.ids)
        seen[row, width - len(prompt.ids) :] = 1
    return {
        "input_ids": ids,
        "attention_mask": seen,
        "mm_token_type_ids": ((ids == image_token) & (seen == 1)).long(),
        "pixel_values": torch.from_numpy(np.concatenate([prompt.patches for prompt in prompts])),
        "image_grid_thw": torch.tensor([prompt.grid for prompt in prompts]),
    }
