"""A hub of models on this machine: as much of its protocol as the hub's own client speaks.

Repositories are in memory. Weights are kept as large files are (told by their SHA-256), others as
git keeps them (told by git's hash). It can hold back, change or refuse what it sends.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


@dataclass
class Repository:
    """Its commits, the newest last."""

    commits: dict[str, Files] = field(default_factory=dict)
    gated: bool = False

    def commit(self, files: Files) -> str:
        """Add a commit with those files; returns its hash."""
        told = json.dumps({name: hashlib.sha256(body).hexdigest() for name, body in files.items()})
        number = hashlib.sha1(f"{len(self.commits)}{told}".encode()).hexdigest()
        self.commits[number] = files
        return number

    @property
    def newest(self) -> str:
        """The commit that "main" names."""
        return list(self.commits)[-1]


class Hub(ThreadingHTTPServer):
    """The server; ``sent`` counts the bytes of files that went out."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Repository] = {}
        self.sent = 0
        self.asked: list[str] = []
        self.held_back: dict[str, int] = {}  # file -> bytes of it that are sent, and then no more
        self.holding = threading.Event()  # that has happened
        self.over = threading.Event()
        self.changed: dict[str, bytes] = {}  # file -> what is sent instead
        self.refused = 0  # the status that everything is answered with

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def repository(self, name: str, files: Files) -> Repository:
        """A repository of that name with one commit."""
        made = self.repositories[name] = Repository()
        made.commit(files)
        return made


def is_large(name: str) -> bool:
    """Whether the hub keeps the file apart from git."""
    return name.endswith((".safetensors", ".bin"))


def git_hash(body: bytes) -> str:
    """Git's name of a file with that content."""
    return hashlib.sha1(f"blob {len(body)}\0".encode() + body).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{self.command} {path}")
        if self.server.refused:
            self._answer(self.server.refused, b"{}")
        elif told := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._info(told[1], told[2] or "main")
        elif told := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path):
            self._tree(told[1], told[2])
        elif told := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(told[1], told[2], told[3])
        else:
            self._answer(404, b"{}")

    def _commit(self, name: str, revision: str) -> str:
        repository = self.server.repositories.get(name)
        if repository is None:
            self._answer(404, b"{}", **{"X-Error-Code": "RepoNotFound"})
            return ""
        if repository.gated:
            self._answer(403, b"{}", **{"X-Error-Code": "GatedRepo"})
            return ""
        commit = repository.newest if revision == "main" else revision
        if commit not in repository.commits:
            self._answer(404, b"{}", **{"X-Error-Code": "RevisionNotFound"})
            return ""
        return commit

    def _info(self, name: str, revision: str) -> None:
        if commit := self._commit(name, revision):
            files = self.server.repositories[name].commits[commit]
            siblings = [{"rfilename": file} for file in files]
            body = {"id": name, "modelId": name, "sha": commit, "siblings": siblings, "tags": []}
            self._answer(200, json.dumps(body).encode())

    def _tree(self, name: str, revision: str) -> None:
        if not (commit := self._commit(name, revision)):
            return
        told = []
        for file, content in self.server.repositories[name].commits[commit].items():
            entry: dict[str, object] = {
                "type": "file",
                "path": file,
                "size": len(content),
                "oid": git_hash(content),
            }
            if is_large(file):
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
            told.append(entry)
        self._answer(200, json.dumps(told).encode())

    def _file(self, name: str, revision: str, file: str) -> None:
        if not (commit := self._commit(name, revision)):
            return
        content = self.server.repositories[name].commits[commit].get(file)
        if content is None:
            self._answer(404, b"{}", **{"X-Error-Code": "EntryNotFound"})
            return
        tag = hashlib.sha256(content).hexdigest() if is_large(file) else git_hash(content)
        content = self.server.changed.get(file, content)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{tag}"', "Accept-Ranges": "bytes"}
        start = re.fullmatch(r"bytes=(\d+)-.*", self.headers.get("Range", ""))
        if start is None:
            self._answer(200, content, file=file, **headers)
            return
        first = int(start[1])
        headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        self._answer(206, content[first:], file=file, **headers)

    def _answer(self, status: int, body: bytes, file: str = "", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        most = self.server.held_back.get(file, len(body))
        if file:
            self.server.sent += min(most, len(body))
        self.wfile.write(body[:most])
        if most < len(body):
            self.server.holding.set()
            self.server.over.wait()
            self.close_connection = True


@contextmanager
def hub() -> Iterator[Hub]:
    """A running one."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
