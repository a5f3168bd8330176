"""Platform overhead: from submitting a one-page document to its result, beside the pipeline alone.

Both are taken in turn in one run on the same documents, with the same engine, warm: the site (web,
PostgreSQL, Valkey, one worker) over HTTP with ?wait=, and `pipeline.run` in this process.
Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import requests

from benchmarks.unlimited import lift_limits
from extraction import engines, pipeline
from extraction.options import Options
from ocrsite.embedded import free_port
from ocrsite.run import site
from tests.documents import image_pdf, text_pdf

LINES = [f"Line {n}: the quick brown fox jumps over the lazy dog, {n * 37}.50" for n in range(30)]


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(share * (len(ranked) - 1)))]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    documents = {
        "born-digital page (text layer)": text_pdf(["\n".join(LINES)]),
        "scanned page (30 lines, OCR)": image_pdf([LINES]),
    }
    lift_limits()
    engine = engines.get("auto")
    options = Options(preview=True)
    print("| document | pipeline p50 | submit to done p50 | p95 | overhead p50 | p95 | share p50 |")
    print("|---|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder,
        tempfile.NamedTemporaryFile(suffix=".pdf") as file,
    ):
        Path(folder).chmod(0o755)
        with site(Path(folder) / "site", port=free_port(), workers=1) as running:
            session = requests.Session()
            session.headers["Authorization"] = f"Bearer {running.key}"
            url = f"{running.url}/api/v1/ocr/jobs?wait=60"
            for name, body in documents.items():
                Path(file.name).write_bytes(body)
                alone: list[float] = []
                whole: list[float] = []
                for number in range(rounds + 3):
                    begun = time.perf_counter()
                    pipeline.run(Path(file.name), options, engine)
                    middle = time.perf_counter()
                    answer = session.post(
                        url,
                        files={"file": ("a.pdf", body)},
                        data={"cache": "false"},  # it is read each time
                        timeout=90,
                    )
                    ended = time.perf_counter()
                    assert answer.json()["status"] == "succeeded", answer.text
                    if number >= 3:  # the first ones load and warm
                        alone.append(middle - begun)
                        whole.append(ended - middle)
                base = statistics.median(alone)
                over = [each - base for each in whole]
                print(
                    f"| {name} | {base * 1000:.0f} ms | {statistics.median(whole) * 1000:.0f} ms "
                    f"| {percentile(whole, 0.95) * 1000:.0f} ms "
                    f"| {statistics.median(over) * 1000:.0f} ms "
                    f"| {percentile(over, 0.95) * 1000:.0f} ms "
                    f"| {statistics.median(over) / statistics.median(whole):.0%} |"
                )


if __name__ == "__main__":
    main()
