from __future__ import annotations

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from extraction.engines.vlm.generation import write
from extraction.engines.vlm.loading import load
from extraction.errors import EngineUnavailable
from extraction.model_run import Dtype, Held
from extraction.weights import commit_of
from tests.extraction.engines.vlm import tiny

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def kinds(module: Any) -> set[str]:
    """The classes of the linear layers within."""
    return {type(part).__name__ for part in module.modules() if "Linear" in type(part).__name__}


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("held", "linear"), [("none", "Linear"), ("8bit", "Linear8bitLt"), ("4bit", "Linear4bit")]
)
def test_model_reads_true_numbers_in_each_form(dtype: Dtype, held: Held, linear: str) -> None:
    numbers = ["417", "8265091", "55555", "074391", "9026", "1234567", "3141592", "880"]
    row = tiny.model()
    planned = replace(tiny.PLAN, dtype=dtype, quantisation=held)
    loaded = load(row, Path(row.source), planned)
    assert kinds(loaded.model.model.language_model) == {linear}
    assert kinds(loaded.model.model.visual) == {"Linear"}
    assert type(loaded.model.lm_head).__name__ == "Linear"
    assert loaded.revision == f"tiny@{commit_of(row, tiny.FOLDER)}.{row.usage}/{dtype}/{held}"
    rows = tiny.rows(tiny.engine(), tiny.numbered(*numbers))
    assert tiny.texts(write(loaded, rows, repetition_penalty=1.0)) == numbers


def test_quantised_models_take_less_memory() -> None:
    row = tiny.model()
    sizes = [
        load(row, Path(row.source), replace(tiny.PLAN, quantisation=held)).bytes
        for held in ("none", "8bit", "4bit")
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.8 * sizes[0]


def test_eight_bits_are_not_talked_about_with_every_token(caplog: pytest.LogCaptureFixture) -> None:
    row = tiny.model()
    loaded = load(row, Path(row.source), replace(tiny.PLAN, quantisation="8bit"))
    write(loaded, tiny.rows(tiny.engine(), tiny.numbered("417")), repetition_penalty=1.0)
    assert [record.getMessage() for record in caplog.records] == []


def test_downloaded_model_is_loaded_without_network(tmp_path: Path, no_network: None) -> None:
    row = tiny.model("owner/tiny")
    folder = Path(shutil.copytree(tiny.FOLDER, tmp_path / COMMIT))
    loaded = load(row, folder, tiny.PLAN)
    assert loaded.revision == f"owner/tiny@{COMMIT}.{row.usage}/fp32/none"


def test_folder_without_a_model_is_told(tmp_path: Path) -> None:
    row = tiny.model(tmp_path)
    with pytest.raises(EngineUnavailable, match="there is no model in"):
        load(row, Path(row.source), tiny.PLAN)


def test_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = tiny.copy(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "llava"}))
    row = tiny.model(folder)
    with pytest.raises(EngineUnavailable, match="of the type 'llava'; known: qwen2_5_vl"):
        load(row, Path(row.source), tiny.PLAN)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = tiny.copy(tmp_path)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    row = tiny.model(folder)
    with pytest.raises(EngineUnavailable, match="safetensors"):
        load(row, Path(row.source), tiny.PLAN)


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = tiny.copy(tmp_path)
    ran = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass Own: pass\n")
    for name in ("config.json", "tokenizer_config.json", "preprocessor_config.json"):
        stored = json.loads((folder / name).read_text())
        stored["auto_map"] = {
            "AutoConfig": "own.Own",
            "AutoTokenizer": ["own.Own", "own.Own"],
            "AutoImageProcessor": "own.Own",
            "AutoModelForImageTextToText": "own.Own",
        }
        (folder / name).write_text(json.dumps(stored))
    row = tiny.model(folder)
    loaded = load(row, Path(row.source), tiny.PLAN)
    rows = tiny.rows(tiny.engine(), tiny.numbered("417"))
    assert tiny.texts(write(loaded, rows, repetition_penalty=1.0)) == ["417"]
    assert not ran.exists()
