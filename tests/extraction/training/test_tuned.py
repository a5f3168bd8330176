"""Engines with adapters: what is refused, what is shared, what they are called."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from extraction import engines
from extraction.engines.configuration import Configuration
from extraction.engines.vlm import VisionLanguage, loading, residence
from extraction.engines.vlm.adapter import checked
from extraction.engines.vlm.loading import load
from extraction.engines.vlm.residence import Residence
from extraction.errors import EngineUnavailable, InvalidOption
from extraction.hardware import Hardware
from tests.extraction.engines.vlm import tiny
from tests.extraction.training.taught import taught, written

CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"


@pytest.fixture
def folder(hasty: Path, tmp_path: Path) -> Path:
    """A sound adapter to be spoilt."""
    return Path(shutil.copytree(hasty, tmp_path / "adapter"))


def told(folder: Path, **changes: Any) -> None:
    """Change what its settings say."""
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def stored(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / TENSORS)


def store(folder: Path, tensors: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    save_file(tensors, folder / TENSORS)


def refused(folder: Path) -> str:
    """Why the adapter is refused."""
    with pytest.raises(EngineUnavailable) as raised:
        engines.tuned("tiny", "acme", folder, 1)
    return raised.value.detail


def test_engine_has_its_own_name_and_revision(hasty: Path, table: None) -> None:
    made: Any = engines.tuned("tiny", "acme", hasty, 1)
    base: Any = engines.get("tiny", 1)
    digest = checked("acme", hasty, tiny.model(), tiny.FOLDER).digest
    assert (made.name, made.wants, made.at_once) == ("acme", "pixels", base.at_once)
    assert made.revision.startswith(f"{engines.ENGINES['tiny'].revision}+{digest}")
    (read,) = made.read(tiny.numbered("4172"))
    held = base.revision.removeprefix(engines.ENGINES["tiny"].revision)
    assert (read.engine, read.revision) == ("acme", made.revision)
    assert made.revision == f"{engines.ENGINES['tiny'].revision}+{digest}{held}"


def test_engine_is_kept_by_what_its_files_hold(hasty: Path, folder: Path, table: None) -> None:
    one = engines.tuned("tiny", "acme", folder, 1)
    assert engines.tuned("tiny", "acme", folder, 1) is one
    assert engines.tuned("tiny", "other", folder, 1) is not one
    store(folder, {name: tensor * 2 for name, tensor in stored(folder).items()})
    two = engines.tuned("tiny", "acme", folder, 1)
    assert two is not one and two.revision != one.revision
    engines.configure(Configuration(vision=(tiny.model(),)))
    assert engines.tuned("tiny", "acme", folder, 1) is not two


def test_base_that_is_no_model_that_is_set_up_is_refused(hasty: Path, table: None) -> None:
    for base in ("rapidocr", "nothing"):
        with pytest.raises(InvalidOption, match=f"'{base}' is no model that is set up.*: tiny"):
            engines.tuned(base, "acme", hasty)


def test_weights_are_in_memory_once(
    trained: Any, hasty: Path, table: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Residence(Hardware((), 8_000_000_000, 4_000_000_000, 2, False, "2.13.0"))
    monkeypatch.setattr(residence, "_residences", {0: home})
    base = engines.get("tiny", 1)
    one = engines.tuned("tiny", "acme", trained[0].adapter, 1)
    two = engines.tuned("tiny", "other", hasty, 1)
    (page,) = tiny.numbered("4172")
    new, old, hasty_one, *more = [
        each.read([page])[0].markup for each in (one, base, two, one, base)
    ]
    assert (new, old, more) == (written("4172"), "4172", [written("4172"), "4172"])
    assert hasty_one not in (new, old)
    statistics = home.models.statistics()
    assert (statistics.loads, len(statistics.models)) == (1, 1)
    assert isinstance(one, VisionLanguage)
    one.unload()
    assert home.models.statistics().models == ()
    assert one.read([page])[0].markup == written("4172")


@pytest.mark.parametrize("held", ["none", "8bit", "4bit"])
def test_adapter_is_laid_on_every_form_and_shares_its_weights(trained: Any, held: Any) -> None:
    from extraction.engines.vlm.generation import write

    row = tiny.model()
    base = load(row, tiny.FOLDER, replace(tiny.PLAN, quantisation=held))
    rows = tiny.rows(tiny.engine(), tiny.numbered("4172", "903"))
    assert tiny.texts(write(base, rows, repetition_penalty=1.0)) == ["4172", "903"]
    made = base.tuned(checked("acme", trained[0].adapter, row, tiny.FOLDER))
    texts = tiny.texts(write(made, rows, repetition_penalty=1.0))
    assert texts == [written("4172"), written("903")]
    assert tiny.texts(write(base, rows, repetition_penalty=1.0)) == ["4172", "903"]
    ours = {id(parameter) for parameter in made.model.parameters()}
    assert {id(parameter) for parameter in base.model.parameters()} < ours


def test_adapters_of_a_model_are_few_in_memory(
    folder: Path, hasty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = tiny.model()
    base = load(row, tiny.FOLDER, tiny.PLAN)
    size = sum(tensor.nbytes for tensor in stored(hasty).values())
    monkeypatch.setattr(loading, "ADAPTERS_SHARE", 2.5 * size / base.bytes)
    first = made = base.tuned(checked("acme", hasty, row, tiny.FOLDER))
    for factor in (2, 3):
        store(folder, {name: tensor * factor for name, tensor in stored(hasty).items()})
        made = base.tuned(checked("acme", folder, row, tiny.FOLDER))
        assert base.tuned(checked("acme", folder, row, tiny.FOLDER)) is made
    assert len(base._tuned) == 2
    assert base.tuned(checked("acme", hasty, row, tiny.FOLDER)) is not first
    assert made in base._tuned.values()
    monkeypatch.setattr(loading, "ADAPTERS_SHARE", 0.0)
    base.tuned(checked("acme", folder, row, tiny.FOLDER))
    assert list(base._tuned.values()) == [made]


def test_adapter_of_another_model_is_refused(hasty: Path, folder: Path, tmp_path: Path) -> None:
    other = replace(tiny.model(), name="other")
    engines.configure(Configuration(vision=(other, tiny.model(tiny.copy(tmp_path, top_k=3)))))
    with pytest.raises(EngineUnavailable, match="says base_model_name_or_path: 'tiny'"):
        engines.tuned("other", "acme", hasty)
    assert "says revision: " in refused(hasty), "the same name with other files"
    engines.configure(Configuration())


def test_adapter_that_is_trained_at_another_rank_fits_too(tmp_path: Path, table: None) -> None:
    from tests.extraction.training.taught import FEW

    done, _ = taught(tmp_path, replace(FEW, rank=1, alpha=3, epochs=1))
    assert checked("acme", done.adapter, tiny.model(), tiny.FOLDER).rank == 1
    assert engines.tuned("tiny", "acme", done.adapter, 1).read(tiny.numbered("4172"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"auto_mapping": {"base_model_class": "x", "parent_library": "os"}}, "'auto_mapping'"),
        ({"modules_to_save": ["lm_head"]}, "'modules_to_save'"),
        ({"peft_type": "IA3"}, "says peft_type: 'IA3'"),
        ({"target_modules": "(a+)+$"}, "says target_modules: '(a+)+$'"),
        ({"target_modules": ["q_proj"]}, "says target_modules: "),
        ({"bias": "all"}, "says bias: 'all'"),
        ({"inference_mode": 1}, "says inference_mode: '1'"),
        ({"base_model_name_or_path": "/etc/passwd"}, "says base_model_name_or_path"),
        ({"r": 8}, "is not 8 x 64"),
        ({"r": True}, "says r: 'True'"),
        ({"r": 1_000_000}, "which is to be 1 to 256"),
        ({"lora_alpha": "32"}, "says lora_alpha: '32'"),
        ({"lora_dropout": 7.0}, "says lora_dropout"),
        ({"lora_dropout": float("nan")}, "says lora_dropout"),
    ],
)
def test_settings_that_are_not_ours_are_refused(
    folder: Path, table: None, changes: dict[str, Any], why: str
) -> None:
    told(folder, **changes)
    assert why in refused(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 9000, '{"r": ' + "1" * 9000 + "}", "\0"])
def test_settings_that_are_no_settings_are_refused(folder: Path, table: None, text: str) -> None:
    (folder / CONFIG).write_text(text)
    assert refused(folder).startswith("the adapter has")


def test_other_files_beside_are_refused(folder: Path, table: None, tmp_path: Path) -> None:
    (folder / "adapter_model.bin").write_bytes(b"\x80\x04")
    assert "is not made of" in refused(folder)
    (folder / "adapter_model.bin").unlink()
    elsewhere = tmp_path / "elsewhere"
    (folder / TENSORS).rename(elsewhere)
    assert "is not made of" in refused(folder)
    (folder / TENSORS).symlink_to(elsewhere)
    assert "is not made of" in refused(folder)
    assert refused(tmp_path / "nowhere") == "the adapter's files cannot be read"


def test_tensors_that_do_not_fit_are_refused(folder: Path, table: None) -> None:
    import torch

    sound = stored(folder)
    first = next(iter(sound))
    store(folder, {name: tensor for name, tensor in sound.items() if name != first})
    assert f"is of another model: {first!r}" in refused(folder)
    store(folder, sound | {"base_model.model.lm_head.weight": torch.zeros(2, 2)})
    assert "lm_head" in refused(folder)
    store(folder, sound | {first: sound[first][:, :-1].contiguous()})
    assert f"{first} is not" in refused(folder)
    store(folder, sound | {first: sound[first].to(torch.int8)})
    assert "numbers of the kind 'I8'" in refused(folder)
    store(folder, {name: tensor.repeat(1, 40) for name, tensor in sound.items()})
    assert "more than it can have" in refused(folder)


def test_file_of_tensors_that_is_none_is_refused(folder: Path, table: None) -> None:
    path = folder / TENSORS
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    assert "its header tells of" in refused(folder)
    path.write_bytes(b"\x80\x04" + sound)
    assert "is no safetensors file" in refused(folder)
    length = struct.unpack("<Q", sound[:8])[0]
    header = json.loads(sound[8 : 8 + length])
    names = [name for name in header if name != "__metadata__"]
    header[names[0]]["data_offsets"] = header[names[1]]["data_offsets"]
    text = json.dumps(header, separators=(",", ":")).encode().ljust(length)
    path.write_bytes(sound[:8] + text + sound[8 + length :])
    with pytest.raises(EngineUnavailable, match=f"{TENSORS} cannot be read"):
        engines.tuned("tiny", "acme", folder, 1).read(tiny.numbered("4172"))


def test_numbers_that_are_none_and_late_changes_are_refused(folder: Path, table: None) -> None:
    sound = stored(folder)
    (page,) = tiny.numbered("4172")
    store(folder, {name: tensor / 0 for name, tensor in sound.items()})
    with pytest.raises(EngineUnavailable, match="holds what is no number"):
        engines.tuned("tiny", "acme", folder, 1).read([page])
    store(folder, sound)
    made = engines.tuned("tiny", "acme", folder, 1)
    store(folder, {name: tensor * 3 for name, tensor in sound.items()})
    with pytest.raises(EngineUnavailable, match="has changed since"):
        made.read([page])
