"""Where the weights of vision-language models are, and whether they are all there and sound.

A model's files lie in a folder of the operator's, or below the folder of downloaded weights as the
hub's own client keeps them (``models--OWNER--NAME/snapshots/COMMIT``). Beside those stands a record
of ours, ``NAME.json``, with the commit, sizes and hashes. It is written when everything has come
and been compared with what the hub tells: without it there is no model.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extraction.engines.configuration import Configuration
from extraction.errors import EngineUnavailable, InvalidOption
from extraction.geometry import MAX_JSON, WEIGHTS, geometry_of, header_of
from extraction.vision_models import VisionModel

INDEX = "model.safetensors.index.json"
SAMPLES = 64  # blocks of each file of weights that tell folders apart
BLOCK = 4096
# What reads pages besides: of each line one suffices
BESIDE = (
    ("tokenizer.json", "vocab.json"),
    ("preprocessor_config.json", "processor_config.json"),
    ("chat_template.jinja", "chat_template.json", "tokenizer_config.json"),
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's size in bytes, and its SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """A finished download. ``revision`` is what was asked for, ``commit`` what came of it;
    ``downloaded`` the time in ISO 8601."""

    source: str
    revision: str
    commit: str
    downloaded: str
    files: Mapping[str, StoredFile]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True, slots=True)
class Weights:
    """What is there of a model: ``commit`` is "" for a folder of the operator's.

    Where it is not ``there``, ``problem`` says why.
    """

    there: bool
    own: bool
    folder: Path | None = None
    commit: str = ""
    bytes: int = 0
    problem: str = ""


def is_own(model: VisionModel) -> bool:
    """Whether it is in a folder of the operator's."""
    return Path(model.source).is_absolute()


def folder_of(model: VisionModel, configuration: Configuration) -> Path:
    """Where the model's files are. Raises ``EngineUnavailable`` where they are not, or not all."""
    if is_own(model):
        own = Path(model.source)
        if not (own / "config.json").is_file():
            raise EngineUnavailable(f"there is no model {model.name} in its folder")
        return own
    record = record_of(model, configuration)
    if record is None:
        raise _missing(f"the weights of {model.name} are not here", model)
    if model.revision not in ("", record.revision, record.commit):
        raise _missing(f"of {model.name} another commit is here than is asked for", model)
    folder = snapshot_of(model, configuration, record.commit)
    for name, file in record.files.items():
        try:
            size = (folder / name).stat().st_size
        except OSError:
            size = -1
        if size != file.size:
            raise _missing(f"of the weights of {model.name} {name} is missing or cut", model)
    return folder


def commit_of(model: VisionModel, folder: Path) -> str:
    """The commit of the hub's repository; of an own folder, a hash of its files' contents.

    Of the weights, the hash takes samples: training changes nearly all of them.
    """
    if not is_own(model):
        return folder.name
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.json")) + sorted(folder.glob(WEIGHTS)):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            for sample in range(SAMPLES):
                file.seek(max(0, size - BLOCK) * sample // (SAMPLES - 1))
                digest.update(file.read(BLOCK))
    return digest.hexdigest()[:12]


def revision_in(model: VisionModel, folder: Path) -> str:
    """What the model's results depend on, but for how it is held: source, commit, usage.

    Of an own folder it has the model's name: where that is concerns nobody but the operator.
    """
    source = model.name if is_own(model) else model.source
    return f"{source}@{commit_of(model, folder)}.{model.usage}"


def revision_of(model: VisionModel, configuration: Configuration) -> str:
    """The same where it is not known whether the weights are there.

    Where they are not, the pinned commit stands in for theirs, or "downloaded" for whichever is.
    """
    try:
        return revision_in(model, folder_of(model, configuration))
    except (EngineUnavailable, OSError):
        source = model.name if is_own(model) else model.source
        return f"{source}@{model.revision or 'downloaded'}.{model.usage}"


def weights_of(model: VisionModel, configuration: Configuration) -> Weights:
    """What is there of the model; files are looked at, not read."""
    own = is_own(model)
    try:
        folder = folder_of(model, configuration)
    except EngineUnavailable as error:
        return Weights(False, own, problem=error.detail)
    if own:
        size = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
        return Weights(True, own, folder, bytes=size)
    record = record_of(model, configuration)
    assert record is not None
    return Weights(True, own, folder, record.commit, record.bytes)


def check(model: VisionModel, configuration: Configuration) -> tuple[str, ...]:
    """What is wrong with the model's files, a sentence each; they are read whole.

    Of downloaded ones the hashes are compared with the record. Of all of them it is looked whether
    the model is of a kind that can be run, and no file is missing.
    """
    try:
        folder = folder_of(model, configuration)
    except EngineUnavailable as error:
        return (error.detail,)
    return (*_changed(model, configuration, folder), *_lacking(folder))


def _changed(model: VisionModel, configuration: Configuration, folder: Path) -> Iterator[str]:
    record = None if is_own(model) else record_of(model, configuration)
    for name, file in (record.files if record else {}).items():
        if sha256_of(folder / name) != file.sha256:
            yield f"{name} is not what was downloaded"


def _lacking(folder: Path) -> Iterator[str]:
    """What the folder lacks to be a model."""
    try:
        if not list(folder.glob(WEIGHTS)):
            yield "there are no weights (*.safetensors)"
        named = set(_shards(folder))
        missing = sorted(name for name in named if not (folder / name).is_file())
        yield from (f"{name} is named in {INDEX} and missing" for name in missing)
        for file in sorted(folder.glob(WEIGHTS)):
            header_of(file)
        if not missing:
            geometry_of(folder)
    except EngineUnavailable as error:
        yield error.detail
    for names in BESIDE:
        if not any((folder / name).is_file() for name in names):
            yield f"{' or '.join(names)} is missing"


def _shards(folder: Path) -> Iterator[str]:
    """The files that the index names. Raises ``EngineUnavailable`` where it is no index."""
    path = folder / INDEX
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            names = json.loads(file.read(MAX_JSON))["weight_map"].values()
        for name in names:
            if os.path.basename(name) != name:
                raise ValueError(name)
            yield name
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EngineUnavailable(f"{INDEX} is no index of weights") from error


def remove(model: VisionModel, configuration: Configuration) -> int:
    """Delete what was downloaded of the model, half-finished downloads too; returns the bytes.

    What other rows share with it stays. Raises ``InvalidOption`` for a folder of the operator's.
    """
    if is_own(model):
        raise InvalidOption(f"{model.name} is in a folder of yours, which is not touched")
    record = record_of(model, configuration)
    record_path(model, configuration).unlink(missing_ok=True)
    others = [each for each in _records(configuration) if each.source == model.source]
    repository = repository_of(model, configuration)
    before = _size(repository)
    if not others:
        shutil.rmtree(repository, ignore_errors=True)
        shutil.rmtree(repository.parent / ".locks" / repository.name, ignore_errors=True)
    elif record and record.commit not in {each.commit for each in others}:
        shutil.rmtree(snapshot_of(model, configuration, record.commit), ignore_errors=True)
        _drop_unnamed(repository)
    return before - _size(repository)


def _drop_unnamed(repository: Path) -> None:
    """Delete the blobs to which no snapshot has a link."""
    named = {link.resolve() for link in repository.glob("snapshots/*/*")}
    for blob in repository.glob("blobs/*"):
        if blob.resolve() not in named:
            blob.unlink()


def _size(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def base_of(configuration: Configuration) -> Path:
    """The folder of downloaded weights. Raises ``EngineUnavailable`` where none is set."""
    if configuration.weights is None:
        raise EngineUnavailable("no folder for weights is set")
    return configuration.weights


def repository_of(model: VisionModel, configuration: Configuration) -> Path:
    """The hub client's folder of the model's repository."""
    return base_of(configuration) / f"models--{model.source.replace('/', '--')}"


def snapshot_of(model: VisionModel, configuration: Configuration, commit: str) -> Path:
    """The hub client's folder of that commit."""
    return repository_of(model, configuration) / "snapshots" / commit


def record_path(model: VisionModel, configuration: Configuration) -> Path:
    """Where the record of the model is."""
    return base_of(configuration) / f"{model.name}.json"


def record_of(model: VisionModel, configuration: Configuration) -> Record | None:
    """The record of the model's download, None where there is none of this source."""
    record = _read(record_path(model, configuration))
    return record if record and record.source == model.source else None


def write_record(model: VisionModel, configuration: Configuration, record: Record) -> None:
    """Write it in one step: it is there whole or not at all."""
    path = record_path(model, configuration)
    fresh = path.with_suffix(f".{os.getpid()}.new")
    fresh.write_text(json.dumps(asdict(record), indent=1))
    fresh.replace(path)


def _records(configuration: Configuration) -> Iterator[Record]:
    for path in sorted(base_of(configuration).glob("*.json")):
        if (record := _read(path)) is not None:
            yield record


def _read(path: Path) -> Record | None:
    try:
        with path.open("rb") as file:
            kept: dict[str, Any] = json.loads(file.read(MAX_JSON))
        files = {
            os.path.basename(name): StoredFile(int(each["size"]), str(each["sha256"]))
            for name, each in kept["files"].items()
        }
        source, revision, commit, downloaded = (
            str(kept[name]) for name in ("source", "revision", "commit", "downloaded")
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if not files or os.path.basename(commit) != commit:
        return None
    return Record(source, revision, commit, downloaded, files)


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _missing(why: str, model: VisionModel) -> EngineUnavailable:
    return EngineUnavailable(f"{why}; fetch them with: manage.py models download {model.name}")
