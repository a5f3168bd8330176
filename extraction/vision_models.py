"""The vision-language models that are known: one row of data each.

Weights are never part of this project. They come from a hub, by ``manage.py models download``, or
from a folder, and their licence is between their makers and whoever runs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

# What the Nanonets models were trained to be told; another wording reads worse.
_NANONETS = (
    "Extract the text from the above document as if you were reading it naturally. Return the "
    "tables in html format. Return the equations in LaTeX representation. If there is an image in "
    "the document and image caption is not present, add a small description of the image inside "
    "the <img></img> tag; otherwise, add the image caption inside <img></img>. Watermarks should "
    "be wrapped in brackets. Ex: <watermark>OFFICIAL COPY</watermark>. Page numbers should be "
    "wrapped in brackets. Ex: <page_number>14</page_number> or <page_number>9/22</page_number>. "
    "Prefer using ☐ and ☑ for check boxes."
)
_QWEN_RESEARCH = (
    "Its makers state no licence; the model it was made from (Qwen2.5-VL-3B) is under Qwen's "
    "research licence, which allows no commercial use without a contract."
)


@dataclass(frozen=True, slots=True)
class VisionModel:
    """A model that reads a page's image and writes text with tags (``extraction.tags``).

    ``source`` is a repository of the hub ("owner/name") or an absolute folder in the hub's form.
    ``revision`` pins a commit of the repository; "" is the one that was downloaded, which
    ``manage.py models`` notes. ``instruction`` is what the model is told beside each page. A page
    is shown with ``min_pixels`` to ``max_pixels``; a model that writes more than ``max_tokens`` is
    stopped. ``repetition_penalty`` is given to each generation, whatever the folder's
    generation_config.json says. ``licence`` is a note for the operator.
    """

    name: str
    title: str
    source: str
    revision: str = ""
    instruction: str = _NANONETS
    min_pixels: int = 256 * 28 * 28
    max_pixels: int = 2_500_000
    max_tokens: int = 4096
    repetition_penalty: float = 1.0
    licence: str = ""

    @property
    def usage(self) -> str:
        """A hash of how it is used (8 hex digits): another instruction or limit reads otherwise."""
        told = (
            self.instruction,
            self.min_pixels,
            self.max_pixels,
            self.max_tokens,
            self.repetition_penalty,
        )
        return sha256(repr(told).encode()).hexdigest()[:8]


VISION_MODELS: dict[str, VisionModel] = {
    row.name: row
    for row in (
        VisionModel(
            "nanonets-ocr-s",
            "Nanonets-OCR-s, a vision-language model of 3 billion parameters",
            "nanonets/Nanonets-OCR-s",
            licence=_QWEN_RESEARCH,
        ),
        VisionModel(
            "nanonets-ocr2-3b",
            "Nanonets-OCR2-3B, a vision-language model of 3 billion parameters",
            "nanonets/Nanonets-OCR2-3B",
            licence=_QWEN_RESEARCH,
        ),
    )
}
