"""What the decoders' filter of system calls costs: the same documents decoded with and without it.

Two fork servers, one of each kind, take turns, each round in a new order; the first round is
warm-up and not counted. Prints a table in Markdown: milliseconds a document (median, lowest,
highest) with and without, and the ratio of the two, by rounds. A document is opened, each page
decoded to its text, or pixels, with a picture for people, and closed: a child of its own each time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.born_digital import running_text
from extraction import sandbox
from extraction.documents import open_document
from extraction.options import Limits
from tests.documents import image_png, text_pdf

UNFILTERED = "from extraction import syscall_filter; syscall_filter.apply = lambda: False\n"


def decode(path: Path) -> float:
    """Seconds for the whole document."""
    begun = time.perf_counter()
    with open_document(path, limits=Limits()) as document:
        numbers = range(1, document.info.page_count + 1)
        for _ in document.pages(numbers, wants="auto", dpi=150, preview=True):
            pass
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    servers = {}
    for way, code in (
        ("with", sandbox._SERVER_CODE),
        ("without", UNFILTERED + sandbox._SERVER_CODE),
    ):
        sandbox._SERVER_CODE = code
        servers[way] = sandbox._Server()
    with tempfile.TemporaryDirectory() as folder:
        documents = {
            "one page of PDF": text_pdf(["A page of text that needs no OCR at all."]),
            "20 pages of running text": running_text(20),
            "one picture (PNG)": image_png(["A picture"], 1600, 1200),
        }
        print("| document | with, ms | without, ms | ratio |")
        print("|---|---|---|---|")
        for name, body in documents.items():
            path = Path(folder) / name
            path.write_bytes(body)
            spent: dict[str, list[float]] = {way: [] for way in servers}
            for number in range(options.rounds + 1):
                for way in random.sample(list(servers), 2):
                    sandbox._server = servers[way]
                    seconds = decode(path)
                    if number:
                        spent[way].append(seconds * 1000)
            ratios = [a / b for a, b in zip(spent["with"], spent["without"], strict=True)]
            cells = [_told(spent["with"], 1), _told(spent["without"], 1), _told(ratios, 2)]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for server in servers.values():
        server.stop()


def _told(numbers: list[float], digits: int) -> str:
    low, high = min(numbers), max(numbers)
    return f"{statistics.median(numbers):.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


if __name__ == "__main__":
    main()
