"""`transformers serve` on the CPU: a real peer that speaks OpenAI's protocol.

    python -m tests.transformers_serve FOLDER PORT

The stock processor of Qwen2.5-VL also reads videos, for which it wants torchvision; here it does
without both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from ocrsite.embedded import end_with_parent, free_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120


@contextmanager
def transformers_serve(folder: Path, log: Path) -> Iterator[str]:
    """A server of the model in ``folder`` while the block runs: gives its OPENAI_URL.

    Raises OSError where it does not start.
    """
    port = free_port()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.transformers_serve", str(folder), str(port)],
            cwd=ROOT,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
            stdout=output,
            stderr=output,
            preexec_fn=end_with_parent,
        )
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise OSError(f"transformers serve did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _without_videos() -> None:
    """Let transformers make this model's processor of a tokenizer and an image processor."""
    import transformers
    from transformers.models import qwen2_5_vl
    from transformers.models.qwen2_5_vl.processing_qwen2_5_vl import Qwen2_5_VLProcessor
    from transformers.processing_utils import ProcessorMixin

    class ImageProcessor(Qwen2_5_VLProcessor):
        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
            **kwargs: Any,
        ) -> None:
            for kind in ("image", "video"):
                token = f"<|{kind}_pad|>"
                setattr(self, f"{kind}_token", token)
                setattr(self, f"{kind}_token_id", tokenizer.convert_tokens_to_ids(token))
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

        @property
        def model_input_names(self) -> list[str]:
            names: Any = ProcessorMixin.model_input_names
            return [*names.fget(self), "mm_token_type_ids"]

    ImageProcessor.__name__ = "Qwen2_5_VLProcessor"  # as folders name it
    modules: Any = (transformers, qwen2_5_vl)
    for module in modules:
        module.Qwen2_5_VLProcessor = ImageProcessor


def main() -> None:
    folder, port = sys.argv[1:]
    _without_videos()
    import torch
    from transformers.cli.transformers import main as command

    torch.set_num_threads(1)
    sys.argv = ["transformers", "serve", folder, "--device", "cpu", "--dtype", "float32", "--port"]
    sys.argv += [port, "--host", "127.0.0.1"]
    command()


if __name__ == "__main__":
    main()
