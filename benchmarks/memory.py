"""Memory of one worker over many documents: resident megabytes, its decoders included.

Mixed documents (born-digital, scanned of varying size, pictures) go through the site's one worker,
which does not restart itself meanwhile; its memory is read after each tenth. Prints a table in
Markdown and the growth after the first 100, at the end and at most.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import psutil
import requests

from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import site
from tests.documents import image_pdf, image_png, text_pdf


def document(number: int) -> tuple[str, bytes]:
    """The document of that number: name and body, never twice the same size."""
    lines = [f"Document {number}, line {n}, {n * 17}.25" for n in range(3 + number % 7)]
    match number % 3:
        case 0:
            return "text.pdf", text_pdf(["\n".join(lines)] * (1 + number % 4))
        case 1:
            return "scan.pdf", image_pdf([lines], dpi=100 + number % 50)
        case _:
            return "photo.png", image_png(lines, 400 + 13 * (number % 40), 200 + 7 * (number % 30))


def megabytes(pid: int) -> tuple[float, float]:
    """Resident memory of the process, and of it with its children."""
    process = psutil.Process(pid)
    alone = process.memory_info().rss / 1e6
    family = sum(child.memory_info().rss / 1e6 for child in process.children(recursive=True))
    return alone, alone + family


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1000)
    total = parser.parse_args().documents
    lift_limits()
    os.environ["WORKER_MAX_JOBS"] = os.environ["WORKER_MAX_MB"] = "0"
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        with site(Path(folder) / "site", port=free_port(), workers=1) as running:
            session = requests.Session()
            session.headers["Authorization"] = f"Bearer {running.key}"
            worker = next(p for p in running.supervisor.programs if p.name == "worker 1").process
            assert worker is not None
            print("| documents | worker MB | with its decoders MB |")
            print("|---|---|---|")
            samples: dict[int, float] = {}
            for number in range(1, total + 1):
                name, body = document(number)
                answer = session.post(
                    f"{running.url}/api/v1/ocr/jobs?wait=60",
                    files={"file": (name, body)},
                    data={"cache": "false"},
                    timeout=90,
                )
                assert answer.json()["status"] == "succeeded", answer.text
                if number % 10 == 0:
                    samples[number], family = megabytes(worker.pid)
                    if number % 100 == 0 or number == 10:
                        print(f"| {number} | {samples[number]:.0f} | {family:.0f} |", flush=True)
            assert worker.poll() is None  # the same one to the end
    if total > 100:
        later = [taken for number, taken in samples.items() if number > 100]
        end, most = later[-1] / samples[100] - 1, max(later) / samples[100] - 1
        print(f"\nGrowth from 100 to {total} documents: {end:+.1%}, at most {most:+.1%}")


if __name__ == "__main__":
    main()
