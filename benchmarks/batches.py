"""Batches: a web process's memory and time over large ones, their exports, and hostile archives.

One web process and one worker. "Growth" is the process's peak resident memory during the request
above what it held before, from the kernel's high-water mark. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pymupdf
import requests

from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import text_pdf
from tests.jobs.zips import overlapping, zipped

LINES = "\n".join(f"Line {n}: the quick brown fox, {n * 37}.50" for n in range(45))
PDF = text_pdf(["A page."])


def document(number: int, size: int) -> bytes:
    """Three pages of text, and an attachment that nothing reads to fill the bytes."""
    file = pymupdf.open(stream=text_pdf([f"Document {number}\n{LINES}"] * 3), filetype="pdf")
    file.embfile_add("filling", os.urandom(size))
    return bytes(file.tobytes())


class Web:
    """The site's one web process, and a client."""

    def __init__(self, running: Site) -> None:
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {running.key}"
        self.url = f"{running.url}/api/v1"
        master = next(p for p in running.supervisor.programs if p.name == "web").process
        assert master is not None
        (self.process,) = psutil.Process(master.pid).children()

    def measured(self, call: Callable[[], requests.Response]) -> tuple[requests.Response, str]:
        """The answer, and seconds and growth as cells of the table."""
        folder = Path(f"/proc/{self.process.pid}")
        (folder / "clear_refs").write_text("5")  # the high-water mark begins anew
        before = self.process.memory_info().rss
        begun = time.perf_counter()
        answer = call()
        seconds = time.perf_counter() - begun
        peak = next(
            int(line.split()[1]) * 1024
            for line in (folder / "status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
        return answer, f"{seconds:.2f} | {(peak - before) / 1e6:.0f}"

    def submit(self, *files: tuple[str, bytes]) -> Callable[[], requests.Response]:
        """A call that submits the files."""
        sent = [("files", file) for file in files]
        request = requests.Request("POST", f"{self.url}/batches", files=sent)
        prepared = self.session.prepare_request(request)
        return lambda: self.session.send(prepared, timeout=300)

    def download(self, batch: str, name: str) -> Callable[[], requests.Response]:
        """A call that exports the batch; the answer is read and dropped."""

        def call() -> requests.Response:
            url = f"{self.url}/batches/{batch}/export.{name}"
            answer = self.session.get(url, stream=True, timeout=300)
            answer.raise_for_status()
            answer.headers["Read"] = str(sum(map(len, answer.iter_content(65_536))))
            return answer

        return call

    def completed(self, batch: str) -> None:
        """Wait until its jobs have ended."""
        while True:
            body = self.session.get(f"{self.url}/batches/{batch}", timeout=30).json()
            if body["status"] == "completed":
                assert body["documents"]["succeeded"] == body["documents"]["total"], body
                return
            time.sleep(1)


def hostile() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Archives made to cost more than they are: what they are, and the files of a batch."""
    yield (
        "90 entries of 50 MB over the same bytes",
        [("a.zip", overlapping(90, PDF + bytes(50_000_000)))],
    )
    bomb = zipped({f"{n}.pdf": PDF + bytes(50_000_000) for n in range(10)})
    yield "10 entries of 50 MB of zeros", [("a.zip", bomb)]
    # each unpacks to just under 200 times what it is
    noise = os.urandom(1000)
    dense = PDF + b"".join(noise[:210] + bytes(48_000) for _ in range(1000))
    yield (
        "100 entries below the permitted ratio",
        [("a.zip", zipped({f"{n}.pdf": dense for n in range(100)}))],
    )
    yield "1,200,000 entries", [("a.zip", overlapping(1_200_000, PDF))]
    rubbish = zipped({f".{n:03}": b"" for n in range(2400)})
    yield "100 archives of 2,400 hidden files", [(f"{n}.zip", rubbish) for n in range(100)]
    yield "a deflate stream of 100 MB that says nothing", [("a.zip", silent(100_000_000))]


def silent(size: int) -> bytes:
    """A zip whose entry is empty stored blocks, five bytes each, that unpack to nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.pdf", b"\0\0\0\xff\xff" * (size // 5) + b"\1\0\0\xff\xff")
    body = bytearray(out.getvalue())
    for header, method, crc in ((body.index(b"PK\3\4"), 8, 14), (body.rindex(b"PK\1\2"), 10, 16)):
        body[header + method] = zipfile.ZIP_DEFLATED
        body[header + crc : header + crc + 4] = zlib.crc32(b"").to_bytes(4, "little")
        body[header + crc + 8 : header + crc + 12] = b"\1\0\0\0"  # or it would end at once
    return bytes(body)


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--megabytes", type=float, default=2, help="of each")
    chosen = parser.parse_args()
    os.environ["WEB_WORKERS"] = "1"
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as folder:
        Path(folder).chmod(0o755)
        with site(Path(folder) / "site", port=free_port(), workers=1) as running:
            web = Web(running)
            web.completed(web.submit(("warm.pdf", document(0, 1000)))().json()["id"])
            files = [
                (f"{n:03}.pdf", document(n, int(chosen.megabytes * 1e6)))
                for n in range(chosen.files)
            ]
            print("| request | MB sent or read | seconds | growth MB |\n|---|---|---|---|")
            size = sum(len(body) for _, body in files) / 1e6
            answer, cells = web.measured(web.submit(*files))
            print(f"| {len(files)} files in one request | {size:.0f} | {cells} |", flush=True)
            batch = answer.json()["id"]
            stored = zipped(dict(files), zipfile.ZIP_STORED)
            answer, cells = web.measured(web.submit(("all.zip", stored)))
            print(f"| the same in a zip | {len(stored) / 1e6:.0f} | {cells} |", flush=True)
            web.session.post(answer.json()["links"]["cancel"], timeout=60)
            web.completed(batch)
            for name in ("csv", "json", "zip", "zip?formats=json,md,html,csv,xml,txt"):
                answer, cells = web.measured(web.download(batch, name))
                read = int(answer.headers["Read"]) / 1e6
                print(f"| export.{name} | {read:.1f} | {cells} |", flush=True)
            print("\n| hostile | MB sent | answer | seconds | growth MB |\n|---|---|---|---|---|")
            for title, sent in hostile():
                answer, cells = web.measured(web.submit(*sent))
                size = sum(len(body) for _, body in sent) / 1e6
                print(f"| {title} | {size:.1f} | {told(answer)} | {cells} |", flush=True)


def told(answer: requests.Response) -> str:
    """Status, and what was said of the first file that was refused."""
    body = answer.json()
    rows = body.get("items") or body.get("errors", {}).get("files", [])
    refused = [row["error"]["code"] for row in rows if row["error"]]
    return f"{answer.status_code} `{refused[-1] if refused else body.get('code', 'taken')}`"


if __name__ == "__main__":
    main()
