"""Fetching weights from a hub, by its own client: what ``manage.py models download`` does.

Only safetensors and the files that say how to use them are taken: no pickles and no programs. Each
is compared with the hash that the hub tells before the model counts as there.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from extraction.engines.configuration import Configuration
from extraction.errors import EngineUnavailable, InvalidOption
from extraction.geometry import WEIGHTS, geometry_of
from extraction.vision_models import VisionModel
from extraction.weights import (
    Record,
    StoredFile,
    base_of,
    folder_of,
    is_own,
    repository_of,
    sha256_of,
    write_record,
)

WANTED = ("*.json", WEIGHTS, "merges.txt", "vocab.txt", "tokenizer.model", "chat_template.jinja")
SPARE_BYTES = 1_000_000_000  # to be left on the disk
LOOK_SECONDS = 0.5

# Told how many bytes have come and how many there are, from a thread of its own
Progress = Callable[[int, int], None]


def download(
    model: VisionModel,
    configuration: Configuration,
    progress: Progress = lambda done, total: None,
    *,
    endpoint: str | None = None,
) -> Path:
    """Fetch the model, at its pinned commit or the newest; returns its folder.

    What has come before, a download broken off included, is not fetched again. ``endpoint`` is the
    hub's address, None for HF_ENDPOINT's or the public one. Raises ``InvalidOption`` for a folder
    of the operator's, ``EngineUnavailable`` where the hub does not have or give the model, it is
    none of the kind that can be run, the disk is too small, or what came is not what the hub tells.
    """
    if is_own(model):
        raise InvalidOption(f"{model.name} is in a folder of yours; there is nothing to download")
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HFValidationError
    except ImportError as error:
        raise EngineUnavailable(
            "huggingface_hub is not installed; requirements/gpu.txt has what it takes"
        ) from error
    import httpx2

    base_of(configuration).mkdir(parents=True, exist_ok=True)
    try:
        api = HfApi(endpoint=endpoint)
        commit = api.repo_info(model.source, revision=model.revision or None).sha
        listed = api.list_repo_tree(model.source, revision=commit)
        files = [file for file in listed if hasattr(file, "size") and _wanted(file.path)]
        _refuse_unfit(model, files)
        fetch = _fetcher(model, configuration, str(commit), endpoint)
        with _told(repository_of(model, configuration), files, progress):
            geometry_of(fetch(["config.json"]))  # a model that cannot be run is not fetched
            _refuse_small_disk(model, configuration, files)
            folder = fetch([file.path for file in files])
        stored = {file.path: _compared(folder, file) for file in files}
    except (OSError, httpx2.HTTPError, HFValidationError) as error:
        raise EngineUnavailable(f"{model.source} cannot be fetched: {_reason(error)}") from error
    geometry_of(folder)  # with the weights' headers now
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = Record(model.source, model.revision, str(commit), now, stored)
    write_record(model, configuration, record)
    return folder_of(model, configuration)


def _wanted(path: str) -> bool:
    """Whether a file of the repository is fetched: none in folders, and the kinds of ``WANTED``."""
    return "/" not in path and any(fnmatch(path, pattern) for pattern in WANTED)


def _refuse_unfit(model: VisionModel, files: Sequence[Any]) -> None:
    names = [file.path for file in files]
    if "config.json" not in names or not any(fnmatch(name, WEIGHTS) for name in names):
        raise EngineUnavailable(f"{model.source} has no config.json or no weights as safetensors")


def _refuse_small_disk(
    model: VisionModel, configuration: Configuration, files: Sequence[Any]
) -> None:
    there = _arrived(repository_of(model, configuration))
    needed = max(0, sum(file.size for file in files) - there) + SPARE_BYTES
    free = shutil.disk_usage(base_of(configuration)).free
    if free < needed:
        raise EngineUnavailable(
            f"{model.name} needs {needed / 1e9:.1f} GB of disk; {free / 1e9:.1f} GB are free",
            limit=free,
            actual=needed,
        )


def _fetcher(
    model: VisionModel, configuration: Configuration, commit: str, endpoint: str | None
) -> Callable[[list[str]], Path]:
    """Fetches files of the commit by name, and tells the snapshot's folder."""
    from huggingface_hub import snapshot_download

    def fetch(names: list[str]) -> Path:
        return Path(
            snapshot_download(
                model.source,
                revision=commit,
                cache_dir=configuration.weights,
                allow_patterns=names,
                endpoint=endpoint,
            )
        )

    return fetch


@contextmanager
def _told(repository: Path, files: Sequence[Any], progress: Progress) -> Iterator[None]:
    """Tells the progress while the block runs, by the size of what has come."""
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    total = sum(file.size for file in files)
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            progress(min(_arrived(repository), total), total)

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    thread = threading.Thread(target=look, name="download", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if shown:
            enable_progress_bars()
    progress(total, total)


def _arrived(repository: Path) -> int:
    """Bytes that have come of a repository, of whatever commit."""
    size = 0
    for path in repository.glob("blobs/*"):
        try:
            size += path.stat().st_size
        except OSError:  # it has just got its name
            continue
    return size


def _compared(folder: Path, file: Any) -> StoredFile:
    """The file as it is here; one that is not what the hub tells is deleted, and refused."""
    path = folder / file.path
    sha256, size = sha256_of(path), path.stat().st_size
    if file.lfs is not None:
        same = sha256 == file.lfs.sha256
    else:  # git's hash of a file that it keeps itself
        digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
        digest.update(path.read_bytes())
        same = digest.hexdigest() == file.blob_id
    if not same or size != file.size:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise EngineUnavailable(f"{file.path} came otherwise than the hub tells: fetch it again")
    return StoredFile(size, sha256)


def _reason(error: Exception) -> str:
    """What went wrong, in a line."""
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        return "its makers give it to those alone who have agreed to their terms; set HF_TOKEN"
    if isinstance(error, RepositoryNotFoundError):
        return "there is no such repository, or it is private and HF_TOKEN is not set"
    if isinstance(error, RevisionNotFoundError):
        return "it has no such commit"
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
