"""What the operator has set up of engines beyond the CPU's: nothing of it is on by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from extraction.breaker import Redis
from extraction.vision_models import VisionModel

Quantisation = Literal["auto", "none", "8bit", "4bit"]


@dataclass(frozen=True, slots=True)
class OpenAIServer:
    """A server that speaks OpenAI's protocol (vLLM, SGLang, ``transformers serve``).

    ``model`` is its name there; ``reads_as`` the row whose instruction and limits apply.
    ``json_schema``: it keeps its model to a JSON Schema, and callers' schemas are filled that way.
    """

    url: str
    model: str
    reads_as: VisionModel
    key: str = field(default="", repr=False)
    concurrency: int = 8
    connect_seconds: float = 5.0
    read_seconds: float = 120.0
    retries: int = 2
    json_schema: bool = False

    @property
    def revision(self) -> str:
        """What its answers depend on; where it is concerns nobody but the operator."""
        schemas = "+schemas" if self.json_schema else ""
        return f"{self.model}@{sha256(self.url.encode()).hexdigest()[:8]}{schemas}"


@dataclass(frozen=True, slots=True)
class GoogleVision:
    """Google Cloud Vision. ``pages_a_day`` caps what is spent, in a day of UTC.

    ``credentials`` is the file of a service account; None: those of the environment (Google's
    "application default credentials"). ``endpoint`` "" is Google's own ("eu-vision.googleapis.com"
    keeps pages in Europe); with ``http://`` it is one without TLS, to which no credentials go.
    ``languages`` are hints; Google advises to give none where the alphabet is Latin.
    """

    credentials: Path | None
    pages_a_day: int
    endpoint: str = ""
    seconds: float = 60.0
    retries: int = 2
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of it. ``redis`` opens the Redis that all processes share, None where there is none:
    breakers then count in this process alone, and what is capped is refused.

    ``weights`` is the folder of downloaded weights, ``memory_bytes`` caps what models take together
    (0: what is free), ``batch_seconds`` how long a page waits for others to be read with it.
    ``hybrid_of`` names the engine of a model whose text is compared with OCR's, "" for none.
    """

    vision: tuple[VisionModel, ...] = ()
    weights: Path | None = None
    quantisation: Quantisation = "auto"
    memory_bytes: int = 0
    batch_seconds: float = 0.05
    openai: OpenAIServer | None = None
    google: GoogleVision | None = None
    redis: Redis | None = None
    hybrid_of: str = ""
