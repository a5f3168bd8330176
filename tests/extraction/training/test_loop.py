from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from extraction.engines.vlm import residence
from extraction.engines.vlm.residence import Residence
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable, InvalidOption
from extraction.geometry import geometry_of
from extraction.hardware import Hardware
from extraction.training import Lesson, Progress, Trained, TrainingSettings, evaluate
from extraction.training.checkpoints import NAME
from extraction.training.memory import Case
from extraction.training.steps import Training
from tests.checkpoints.digits import CELL
from tests.extraction.engines.vlm import tiny
from tests.extraction.training.taught import ENOUGH, FEW, lessons, taught, written

ROOT = Path(__file__).resolve().parents[3]
Went = tuple[Trained, list[Progress]]


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "adapter_model.safetensors")


def same(one: Path, two: Path) -> bool:
    """Whether two adapters are the same to the bit."""
    names = ("adapter_config.json", "adapter_model.safetensors")
    return all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def steps_of(folder: Path) -> list[int]:
    """The checkpoints' steps, in order."""
    found = [NAME.fullmatch(path.name) for path in folder.iterdir()]
    return sorted(int(match[2]) for match in found if match)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Went:
    """Six steps without a break."""
    return taught(tmp_path_factory.mktemp("unbroken"))


def test_tuned_engine_writes_the_new_form_while_the_base_writes_the_old(
    trained: Went, table: None
) -> None:
    from extraction import engines

    held_out = lessons(20, seed=2)
    base = engines.get("tiny", 1)
    tuned = engines.tuned("tiny", "acme", trained[0].adapter, 1)
    before, after = evaluate(base, held_out), evaluate(tuned, held_out)
    assert (before.exact, after.exact) == (0.0, pytest.approx(1.0, abs=0.1))
    assert before.similarity < 0.4 and after.similarity > 0.98
    pages = tiny.numbered("4172", "903")
    assert [text.markup for text in tuned.read(pages)] == [written("4172"), written("903")]
    assert [text.markup for text in base.read(pages)] == ["4172", "903"]


def test_loss_falls_and_every_step_is_told(trained: Went) -> None:
    done, told = trained
    assert [(each.step, each.steps) for each in told] == [(n, 128) for n in range(1, 129)]
    assert sum(each.loss for each in told[-8:]) < 0.1 * sum(each.loss for each in told[:8])
    rates = [each.learning_rate for each in told]
    assert max(rates) == ENOUGH.learning_rate and rates[0] < rates[1] < rates[2]
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert all(one.tokens < two.tokens for one, two in pairwise(told))
    assert (done.steps, done.loss) == (128, told[-1].loss)
    assert 0 < told[0].seconds < told[-1].seconds <= done.seconds


def test_adapter_is_two_files_as_peft_reads_them(trained: Went) -> None:
    """It lies on the text layers alone, and peft makes of it what our engine does."""
    import torch
    from peft import PeftModel

    from extraction.engines.vlm.adapter import checked, with_adapter
    from extraction.engines.vlm.loading import load
    from extraction.training.lessons import example, taught_batch

    adapter = trained[0].adapter
    assert sorted(path.name for path in adapter.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert all(".language_model.layers." in name for name in tensors(adapter))
    assert len(tensors(adapter)) == 3 * 7 * 2
    base = load(tiny.model(), tiny.FOLDER, tiny.PLAN)
    ours = with_adapter(base.model, checked("acme", adapter, tiny.model(), tiny.FOLDER))
    lesson = example(lessons(1)[0], base.processor, tiny.model(), tiny.PLAN.max_pixels)
    inputs, _ = taught_batch([lesson], base.processor)
    with torch.inference_mode():
        plain = base.model(**inputs).logits
        got = ours(**inputs).logits
        wanted = PeftModel.from_pretrained(base.model, adapter)(**inputs).logits
    assert torch.allclose(got, wanted, atol=1e-5)
    assert not torch.allclose(got, plain, atol=0.1)


def test_same_call_again_gives_the_same_adapter_without_a_step(
    unbroken: Went, tmp_path: Path
) -> None:
    done, told = taught(tmp_path)
    assert same(done.adapter, unbroken[0].adapter)
    again, more = taught(tmp_path)
    assert (again.steps, again.loss, len(told), more) == (6, done.loss, 6, [])
    assert same(again.adapter, unbroken[0].adapter)


def test_another_seed_gives_another_adapter(unbroken: Went, tmp_path: Path) -> None:
    done, _ = taught(tmp_path, replace(FEW, seed=1))
    assert not same(done.adapter, unbroken[0].adapter)


def test_cancelled_training_goes_on_where_it_was(unbroken: Went, tmp_path: Path) -> None:
    told: list[Progress] = []
    with pytest.raises(Cancelled):
        taught(tmp_path, told=told.append, stop=lambda: len(told) == 3)
    assert steps_of(tmp_path) == [2, 3]
    assert not (tmp_path / "adapter").exists()
    done, more = taught(tmp_path)
    assert [each.step for each in told + more] == [1, 2, 3, 4, 5, 6]
    assert [each.loss for each in told + more] == [each.loss for each in unbroken[1]]
    assert same(done.adapter, unbroken[0].adapter)


def test_training_that_was_killed_goes_on_from_its_checkpoint(
    unbroken: Went, tmp_path: Path
) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.extraction.training.taught import taught\n"
        "def told(progress):\n"
        "    if progress.step == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "taught(Path(sys.argv[1]), told=told)\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert steps_of(tmp_path) == [2, 4]
    done, told = taught(tmp_path)
    assert [each.step for each in told] == [5, 6]
    assert same(done.adapter, unbroken[0].adapter)


def test_torn_checkpoint_gives_way_to_the_one_before(
    unbroken: Went, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Progress] = []
    with pytest.raises(Cancelled):
        taught(tmp_path, told=told.append, stop=lambda: len(told) == 4)
    (torn,) = (path for path in tmp_path.iterdir() if "-00000004-" in path.name)
    data = bytearray(torn.read_bytes())
    data[-100] ^= 1
    torn.write_bytes(data)
    (tmp_path / f".{torn.name}.new").write_bytes(b"half")
    done, more = taught(tmp_path)
    assert more[0].step == 3
    assert "the checkpoint of step 4 is torn and not used" in caplog.messages
    assert same(done.adapter, unbroken[0].adapter)


def test_checkpoint_of_another_training_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taught(tmp_path)
    mine = {path.name for path in tmp_path.glob("*.safetensors")}
    others = lessons(12, seed=9)
    _, told = taught(tmp_path, given=others)
    assert told[0].step == 1
    assert mine < {path.name for path in tmp_path.glob("*.safetensors")}
    assert "2 checkpoints of other trainings are not used" in caplog.messages
    for change in ({"learning_rate": 1e-3}, {"rank": 2}):
        assert taught(tmp_path, replace(FEW, **change))[1][0].step == 1
    assert taught(tmp_path, replace(FEW, checkpoint_steps=1))[1] == []


def test_training_on_four_bits_learns(tmp_path: Path, table: None) -> None:
    settings = replace(FEW, quantisation="4bit", epochs=4, batch=6, accumulate=1)
    done, told = taught(tmp_path, settings)
    assert told[-1].loss < 0.8 * told[0].loss
    kinds = {str(tensor.dtype) for tensor in tensors(done.adapter).values()}
    assert kinds == {"torch.float32"}


def test_lessons_together_or_one_by_one_come_to_the_same(tmp_path: Path) -> None:
    """Padding is not seen, and a step's loss is over all its tokens."""
    import torch

    settings = replace(FEW, dropout=0.0, epochs=1, batch=6, accumulate=1)
    together, told = taught(tmp_path / "a", settings)
    alone, told_alone = taught(tmp_path / "b", replace(settings, batch=1, accumulate=6))
    assert [each.loss for each in told] == pytest.approx([each.loss for each in told_alone])
    one, two = tensors(together.adapter), tensors(alone.adapter)
    assert all(torch.allclose(one[name], two[name], atol=1e-4) for name in one)


def test_checkpointed_layers_come_to_the_same(
    unbroken: Went, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is memory for two lessons with their layers' inputs alone; the same is left out at
    random."""
    import torch

    case = Case(geometry_of(tiny.FOLDER), "fp32", "none", 4, tiny.PLAN.max_pixels, 12, cuda=False)
    room = (case.way(2, True).total + case.way(2, False).total) // 2
    hardware = Hardware((), 8_000_000_000, room * 10 // 9, 2, False, "2.13.0")
    monkeypatch.setattr(residence, "_residences", {0: Residence(hardware)})
    ways, real = set(), Training._loss

    def loss(self: Training, *batch: Any) -> Any:
        ways.add((self.way.together, self.way.checkpointed))
        return real(self, *batch)

    monkeypatch.setattr(Training, "_loss", loss)
    done, told = taught(tmp_path)
    assert ways == {(2, True)}
    assert [each.loss for each in told] == pytest.approx([each.loss for each in unbroken[1]])
    one, two = tensors(done.adapter), tensors(unbroken[0].adapter)
    assert all(torch.allclose(one[name], two[name], atol=1e-4) for name in one)


def test_training_goes_on_in_smaller_parts_where_memory_runs_out(
    unbroken: Went, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = Training._loss, []

    def loss(self: Training, inputs: Any, labels: Any) -> Any:
        seen.append((len(labels), self.way.checkpointed))
        if len(labels) > 1:
            raise MemoryError
        return real(self, inputs, labels)

    monkeypatch.setattr(Training, "_loss", loss)
    done, told = taught(tmp_path, replace(FEW, dropout=0.0, epochs=1))
    assert seen[:4] == [(2, False), (2, True), (1, True), (1, True)]
    assert (done.steps, told[0].loss) == (3, pytest.approx(unbroken[1][0].loss, abs=0.5))

    def never(self: Training, *batch: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(Training, "_loss", never)
    with pytest.raises(EngineUnavailable, match="memory does not suffice to train tiny"):
        taught(tmp_path / "never")


def test_training_that_cannot_fit_is_refused_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hardware = Hardware((), 8_000_000_000, 678_000_000, 2, False, "2.13.0")
    home = Residence(hardware)
    monkeypatch.setattr(residence, "_residences", {0: home})
    with pytest.raises(EngineUnavailable, match=r"training tiny takes 0\.62 GB") as raised:
        taught(tmp_path, replace(FEW, rank=256))
    assert raised.value.limit == 610_200_000 < (raised.value.actual or 0)
    assert home.models.statistics().loads == 0


def test_loss_that_is_no_number_ends_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Training._loss

    def loss(self: Training, *batch: Any) -> Any:
        return real(self, *batch) * (float("nan") if self.step == 2 else 1)

    monkeypatch.setattr(Training, "_loss", loss)
    with pytest.raises(EngineFailed, match="at step 3 the loss is no number"):
        taught(tmp_path)
    assert steps_of(tmp_path) == [2]


def test_lessons_are_looked_at_one_at_a_time(tmp_path: Path) -> None:
    class Lazy(Sequence[Lesson]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, number: Any) -> Any:
            assert number in range(4)
            return lessons(4)[number]

        def __iter__(self) -> Any:
            raise AssertionError("all of them were asked for")

    done, _ = taught(tmp_path, given=Lazy())
    assert done.steps == 2


def test_base_is_not_kept_in_memory_after_a_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Residence(Hardware((), 8_000_000_000, 4_000_000_000, 2, False, "2.13.0"))
    monkeypatch.setattr(residence, "_residences", {0: home})
    taught(tmp_path)
    statistics = home.models.statistics()
    assert (statistics.loads, statistics.used_bytes) == (1, 0)


def test_weights_that_are_missing_are_told(tmp_path: Path) -> None:
    row = tiny.model("owner/tiny")
    with pytest.raises(EngineUnavailable, match="models download tiny"):
        taught(tmp_path, row=row, configuration=tiny.configuration(row, weights=tmp_path))


def test_peft_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(EngineUnavailable, match=r"peft is not installed; requirements/gpu\.txt"):
        taught(tmp_path)


def test_checkpoint_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("extraction.training.checkpoints.replace", full)
    with pytest.raises(EngineUnavailable, match="the checkpoint cannot be written: No space"):
        taught(tmp_path)


def test_lessons_that_cannot_be_learned_are_named(tmp_path: Path) -> None:
    given = lessons(9)
    long = [replace(given[n], text="1" * 40) if n in (1, 7) else given[n] for n in range(9)]
    with pytest.raises(InvalidOption, match=r"the text of lessons 2, 8 is longer") as raised:
        taught(tmp_path, given=long)
    assert (raised.value.limit, raised.value.actual) == (40, 41)
    thread = replace(given[4], pixels=given[4].pixels[:1].repeat(300 * CELL, axis=1))
    with pytest.raises(InvalidOption, match=r"lesson 5 cannot be shown"):
        taught(tmp_path, given=[*given[:4], thread, *given[5:]])
    with pytest.raises(InvalidOption, match="no lessons"):
        taught(tmp_path, given=[])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        ({"rank": 0}, 1),
        ({"rank": 257}, 256),
        ({"dropout": 1.0}, 0.9),
        ({"learning_rate": 0.0}, 1e-7),
        ({"epochs": 101}, 100),
        ({"seed": -1}, 0),
        ({"rank": 2.5}, None),
        ({"epochs": True}, None),
        ({"learning_rate": float("nan")}, None),
        ({"quantisation": "8bit"}, None),
    ],
)
def test_setting_out_of_bounds_is_refused(change: dict[str, Any], limit: float | None) -> None:
    with pytest.raises(InvalidOption, match=next(iter(change))) as raised:
        TrainingSettings(**change)
    assert raised.value.limit == limit


def test_settings_are_data() -> None:
    settings = TrainingSettings(epochs=2, batch=2, accumulate=4)
    assert TrainingSettings(**json.loads(json.dumps(asdict(settings)))) == settings
    assert (settings.steps(17), settings.steps(16), settings.steps(1)) == (6, 4, 2)
