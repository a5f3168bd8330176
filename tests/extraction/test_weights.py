"""extraction/weights.py and weights_download.py: the hub's own client and a hub on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from extraction import weights_download
from extraction.engines.configuration import Configuration
from extraction.errors import EngineUnavailable, InvalidOption
from extraction.vision_models import VisionModel
from extraction.weights import (
    Record,
    StoredFile,
    check,
    commit_of,
    folder_of,
    record_of,
    remove,
    revision_of,
    weights_of,
)
from extraction.weights_download import download
from tests.hub_server import Files, Hub, hub

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKPOINT = ROOT / "tests/checkpoints/tiny-vlm"
SOURCE = "acme/tiny"
TINY = VisionModel("tiny", "A tiny model", SOURCE)


def checkpoint(**more: bytes) -> Files:
    """The files of the tiny checkpoint, and others."""
    return {path.name: path.read_bytes() for path in CHECKPOINT.iterdir()} | more


@pytest.fixture
def server() -> Iterator[Hub]:
    with hub() as running:
        running.repository(SOURCE, checkpoint())
        yield running


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(weights=tmp_path / "weights")


def fetched(server: Hub, configuration: Configuration, model: VisionModel = TINY) -> Path:
    return download(model, configuration, endpoint=server.url)


def refused(server: Hub, configuration: Configuration, model: VisionModel = TINY) -> str:
    """Why a download did not do; nothing counts as there after it."""
    with pytest.raises(EngineUnavailable) as caught:
        fetched(server, configuration, model)
    assert record_of(model, configuration) is None
    assert not weights_of(model, configuration).there
    return caught.value.detail


# Downloading


def test_downloaded_files_are_there_and_recorded(server: Hub, configuration: Configuration) -> None:
    files = checkpoint(
        **{"model.py": b"import os", "pytorch_model.bin": b"pickle", "README.md": b"# Tiny"},
        **{"onnx/model.safetensors": b"another", "training_args.bin": b"pickle"},
    )
    commit = server.repository(SOURCE, files).newest
    folder = fetched(server, configuration)
    assert folder == folder_of(TINY, configuration)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == checkpoint()
    record = record_of(TINY, configuration)
    assert record is not None
    assert (record.source, record.revision, record.commit) == (SOURCE, "", commit)
    assert record.files == {
        name: StoredFile(len(body), hashlib.sha256(body).hexdigest())
        for name, body in checkpoint().items()
    }
    there = weights_of(TINY, configuration)
    assert (there.there, there.own, there.commit, there.folder) == (True, False, commit, folder)
    assert there.bytes == record.bytes == sum(len(body) for body in checkpoint().values())
    assert check(TINY, configuration) == ()


def test_what_is_there_is_not_fetched_again(server: Hub, configuration: Configuration) -> None:
    fetched(server, configuration)
    sent = server.sent
    fetched(server, configuration)
    assert server.sent == sent


def test_a_pinned_commit_is_what_is_fetched(server: Hub, configuration: Configuration) -> None:
    repository = server.repositories[SOURCE]
    first = repository.newest
    second = repository.commit(checkpoint(**{"merges.txt": b"a b"}))
    pinned = VisionModel("tiny", "", SOURCE, revision=first)
    assert fetched(server, configuration, pinned).name == first
    assert folder_of(pinned, configuration).name == first
    newest = fetched(server, configuration)
    assert newest.name == second
    assert (newest / "merges.txt").read_bytes() == b"a b"
    with pytest.raises(EngineUnavailable, match="another commit is here"):
        folder_of(pinned, configuration)


def test_progress_is_told(
    server: Hub, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_download, "LOOK_SECONDS", 0.01)
    told: list[tuple[int, int]] = []
    total = sum(len(body) for body in checkpoint().values())
    download(TINY, configuration, lambda *each: told.append(each), endpoint=server.url)
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {all_ for _, all_ in told} == {total}


def test_a_download_that_was_killed_is_no_model_and_goes_on_later(
    server: Hub, configuration: Configuration
) -> None:
    server.held_back["model.safetensors"] = 500_000
    code = (
        "import sys, pathlib\n"
        "from extraction.engines.configuration import Configuration\n"
        "from extraction.vision_models import VisionModel\n"
        "from extraction.weights_download import download\n"
        f"download(VisionModel('tiny', '', {SOURCE!r}),\n"
        f"         Configuration(weights=pathlib.Path({str(configuration.weights)!r})),\n"
        f"         endpoint={server.url!r})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        assert server.holding.wait(60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list((configuration.weights or Path()).rglob("config.json"))  # some of it has come
    assert not weights_of(TINY, configuration).there
    with pytest.raises(EngineUnavailable, match="models download tiny"):
        folder_of(TINY, configuration)
    server.held_back.clear()
    fetched(server, configuration)
    assert check(TINY, configuration) == ()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_what_is_not_what_the_hub_tells_is_refused_and_fetched_anew(
    server: Hub, configuration: Configuration, name: str
) -> None:
    server.changed[name] = bytes(len(checkpoint()[name]))
    assert f"{name} came otherwise" in refused(server, configuration)
    server.changed.clear()
    fetched(server, configuration)
    assert check(TINY, configuration) == ()


def test_another_kind_of_model_is_not_fetched(server: Hub, configuration: Configuration) -> None:
    other = b'{"model_type": "llama"}'
    server.repository(SOURCE, checkpoint(**{"config.json": other}))
    assert "'llama'" in refused(server, configuration)
    assert server.sent == len(other)


def test_weights_of_another_model_are_refused(server: Hub, configuration: Configuration) -> None:
    config = json.loads(checkpoint()["config.json"])
    config["text_config"]["num_hidden_layers"] += 1
    server.repository(SOURCE, checkpoint(**{"config.json": json.dumps(config).encode()}))
    assert "do not belong together" in refused(server, configuration)


def test_pickles_alone_are_refused(server: Hub, configuration: Configuration) -> None:
    files = checkpoint(**{"pytorch_model.bin": b"pickle"})
    del files["model.safetensors"]
    server.repository(SOURCE, files)
    assert "no weights as safetensors" in refused(server, configuration)
    assert server.sent == 0


def test_hubs_that_do_not_give_it_are_told(server: Hub, configuration: Configuration) -> None:
    pinned = VisionModel("tiny", "", SOURCE, revision="f" * 40)
    assert "no such commit" in refused(server, configuration, pinned)
    server.repositories[SOURCE].gated = True
    assert "agreed to their terms" in refused(server, configuration)
    elsewhere = VisionModel("tiny", "", "acme/none")
    assert "no such repository" in refused(server, configuration, elsewhere)
    server.refused = 500
    assert "500" in refused(server, configuration)
    odd = VisionModel("tiny", "", "a/b/c/d")
    assert "a/b/c/d cannot be fetched" in refused(server, configuration, odd)


def test_a_hub_that_is_away_is_told(configuration: Configuration) -> None:
    with pytest.raises(EngineUnavailable, match="acme/tiny cannot be fetched"):
        download(TINY, configuration, endpoint="http://127.0.0.1:9")


def test_a_disk_that_is_too_small_is_told_before(
    server: Hub, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 1_000_000_000
    monkeypatch.setattr(
        weights_download.shutil, "disk_usage", lambda path: SimpleNamespace(free=free)
    )
    with pytest.raises(EngineUnavailable, match="GB of disk") as caught:
        fetched(server, configuration)
    assert caught.value.limit == free
    come = len(checkpoint()["config.json"])
    total = sum(len(body) for body in checkpoint().values())
    assert caught.value.actual == total - come + 1_000_000_000
    assert server.sent == come


def test_without_a_folder_for_weights_nothing_is_downloaded(server: Hub) -> None:
    with pytest.raises(EngineUnavailable, match="no folder for weights"):
        download(TINY, Configuration(), endpoint=server.url)
    assert server.asked == []


# What is there


@pytest.fixture
def there(server: Hub, configuration: Configuration) -> Path:
    """The folder of a downloaded model."""
    return fetched(server, configuration)


def replaced(path: Path, body: bytes) -> None:
    """Another content behind the snapshot's link."""
    path.resolve().write_bytes(body)


def test_a_file_that_is_missing_or_cut_is_noticed(
    there: Path, configuration: Configuration
) -> None:
    body = (there / "model.safetensors").read_bytes()
    replaced(there / "model.safetensors", body[:-1])
    with pytest.raises(EngineUnavailable, match=r"model\.safetensors is missing or cut"):
        folder_of(TINY, configuration)
    assert "missing or cut" in weights_of(TINY, configuration).problem
    (there / "model.safetensors").unlink()
    assert len(check(TINY, configuration)) == 1
    assert "missing or cut" in check(TINY, configuration)[0]


def test_a_file_that_has_changed_is_found_by_check(
    there: Path, configuration: Configuration
) -> None:
    body = bytearray((there / "model.safetensors").read_bytes())
    body[-1] ^= 1
    replaced(there / "model.safetensors", bytes(body))
    assert folder_of(TINY, configuration) == there
    assert check(TINY, configuration) == ("model.safetensors is not what was downloaded",)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"source": "acme/tiny"}', '{"files": {}}', '{"files": 1}',
     json.dumps({"source": SOURCE, "revision": "", "commit": "../../etc", "downloaded": "",
                 "files": {"passwd": {"size": 1, "sha256": ""}}}),
     json.dumps({"source": "acme/other", "revision": "", "commit": "abc", "downloaded": "",
                 "files": {"config.json": {"size": 1, "sha256": ""}}})],
)  # fmt: skip
def test_a_record_that_is_none_of_this_model_counts_for_nothing(
    there: Path, configuration: Configuration, content: str
) -> None:
    assert configuration.weights is not None
    (configuration.weights / "tiny.json").write_text(content)
    assert record_of(TINY, configuration) is None
    assert not weights_of(TINY, configuration).there


def own(folder: Path, **changes: Any) -> VisionModel:
    """The checkpoint in a folder of the operator's."""
    shutil.copytree(CHECKPOINT, folder)
    return VisionModel("own", "", str(folder), **changes)


def test_a_folder_of_the_operators_is_used_as_it_is(
    tmp_path: Path, configuration: Configuration
) -> None:
    model = own(tmp_path / "mine")
    assert folder_of(model, configuration) == tmp_path / "mine"
    found = weights_of(model, Configuration())
    assert (found.there, found.own, found.commit) == (True, True, "")
    assert found.bytes == sum(path.stat().st_size for path in CHECKPOINT.iterdir())
    assert check(model, configuration) == ()
    with pytest.raises(InvalidOption, match="nothing to download"):
        download(model, configuration)
    with pytest.raises(InvalidOption, match="not touched"):
        remove(model, configuration)
    assert (tmp_path / "mine/model.safetensors").is_file()


def test_an_empty_folder_of_the_operators_is_told(
    tmp_path: Path, configuration: Configuration
) -> None:
    model = VisionModel("own", "", str(tmp_path / "nothing"))
    with pytest.raises(EngineUnavailable, match="there is no model own"):
        folder_of(model, configuration)
    assert check(model, configuration) == ("there is no model own in its folder",)


def test_an_own_folder_is_told_from_one_with_other_weights(
    tmp_path: Path, configuration: Configuration
) -> None:
    from safetensors.torch import load_file, save_file

    model, folder = own(tmp_path / "mine"), tmp_path / "mine"
    before = commit_of(model, folder)
    assert len(before) == 12
    assert revision_of(model, configuration) == f"own@{before}.{model.usage}"
    weights = load_file(folder / "model.safetensors")
    save_file({name: value * 1.01 for name, value in weights.items()}, folder / "model.safetensors")
    assert commit_of(model, folder) != before


def test_revision_is_the_commit_that_is_there_and_how_it_is_used(
    server: Hub, configuration: Configuration
) -> None:
    assert revision_of(TINY, configuration) == f"{SOURCE}@downloaded.{TINY.usage}"
    commit = server.repositories[SOURCE].newest
    pinned = replace(TINY, revision=commit)
    assert revision_of(pinned, configuration) == f"{SOURCE}@{commit}.{TINY.usage}"
    fetched(server, configuration)
    assert revision_of(TINY, configuration) == f"{SOURCE}@{commit}.{TINY.usage}"
    told_otherwise = replace(TINY, instruction="Read.")
    assert told_otherwise.usage != TINY.usage
    assert replace(TINY, title="Another").usage == TINY.usage


def test_check_tells_what_a_folder_lacks(tmp_path: Path, configuration: Configuration) -> None:
    model, folder = own(tmp_path / "mine"), tmp_path / "mine"
    (folder / "tokenizer.json").unlink()
    (folder / "preprocessor_config.json").unlink()
    assert check(model, configuration) == (
        "tokenizer.json or vocab.json is missing",
        "preprocessor_config.json or processor_config.json is missing",
    )
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = folder / "model.safetensors.index.json"
    weights = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index.write_text(json.dumps({"weight_map": dict(zip("ab", weights, strict=True))}))
    assert check(model, configuration)[0] == (
        "model-00002-of-00002.safetensors is named in model.safetensors.index.json and missing"
    )
    index.write_text(json.dumps({"weight_map": {"a": "../../secret"}}))
    assert check(model, configuration)[0] == "model.safetensors.index.json is no index of weights"
    index.unlink()
    (folder / "model-00001-of-00002.safetensors").unlink()
    assert check(model, configuration)[0] == "there are no weights (*.safetensors)"


# Removing


def test_removing_frees_all_that_was_downloaded(
    there: Path, server: Hub, configuration: Configuration
) -> None:
    freed = remove(TINY, configuration)
    assert freed >= sum(len(body) for body in checkpoint().values())
    assert configuration.weights is not None
    assert [path for path in configuration.weights.rglob("*") if path.name != "CACHEDIR.TAG"] == [
        configuration.weights / ".locks"
    ]
    assert not weights_of(TINY, configuration).there
    assert remove(TINY, configuration) == 0


def test_what_other_rows_share_stays(
    there: Path, server: Hub, configuration: Configuration
) -> None:
    same = VisionModel("same", "", SOURCE)
    repository = server.repositories[SOURCE]
    old = repository.newest
    pinned = VisionModel("pinned", "", SOURCE, revision=old)
    repository.commit(checkpoint(**{"merges.txt": b"a b" * 1000}))
    fetched(server, configuration, same)
    fetched(server, configuration, pinned)
    # "tiny" and "pinned" have the old commit, "same" the new one
    assert remove(TINY, configuration) == 0
    assert check(pinned, configuration) == ()
    assert remove(same, configuration) == 3000
    assert check(pinned, configuration) == ()
    assert weights_of(pinned, configuration).folder == there


def test_a_record_is_read_as_it_was_written(there: Path, configuration: Configuration) -> None:
    record = record_of(TINY, configuration)
    assert isinstance(record, Record)
    assert record.downloaded.startswith("20")
    assert set(record.files) == set(checkpoint())
