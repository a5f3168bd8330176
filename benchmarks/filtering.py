"""What the decoders' filter of system calls costs: documents decoded with and without it.

Two fork servers, one of each kind, take turns, each round in a new order; the first round is
warm-up and not counted. Prints a table in Markdown: milliseconds of processor time a document in
server and child (median, lowest, highest of the rounds), and the ratio of the two. A document is
opened, each page decoded to its text, or pixels, with a picture for people, and closed: a child of
its own each time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from pathlib import Path

import psutil

from benchmarks.born_digital import running_text
from extraction import sandbox
from extraction.documents import open_document
from extraction.options import Limits
from tests.documents import image_png, text_pdf

UNFILTERED = "from extraction import syscall_filter; syscall_filter.apply = lambda: False\n"


def decode(path: Path) -> None:
    """All of the document."""
    with open_document(path, limits=Limits()) as document:
        numbers = range(1, document.info.page_count + 1)
        for _ in document.pages(numbers, wants="auto", dpi=150, preview=True):
            pass


def spent_by(server: sandbox._Server) -> float:
    """Seconds of processor time of the server and the children that it has reaped."""
    return sum(psutil.Process(server._process.pid).cpu_times()[:4])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--documents", type=int, default=10, help="in a row")
    options = parser.parse_args()
    codes = {"with": sandbox._SERVER_CODE, "without": UNFILTERED + sandbox._SERVER_CODE}
    servers = {}
    for way, code in codes.items():
        sandbox._SERVER_CODE = code
        servers[way] = sandbox._Server()
    with tempfile.TemporaryDirectory() as folder:
        documents = {
            "one page of PDF": text_pdf(["A page of text that needs no OCR at all."]),
            "5 pages of running text": running_text(5),
            "one picture (PNG)": image_png(["A picture"], 800, 600),
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
                    before = spent_by(servers[way])
                    for _ in range(options.documents):
                        decode(path)
                    if number:
                        seconds = spent_by(servers[way]) - before
                        spent[way].append(seconds * 1000 / options.documents)
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
