"""The steps of a training: the adapter in a model of its own, the optimizer, how far it is.

All that is random follows from the seed and the number of the step or epoch. So a training that
goes on from a checkpoint gives the adapter that it would have given without a break: on a CPU with
as many threads the very same, on a GPU but for the order in which it adds.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extraction.engines.vlm.adapter import CONFIG, TENSORS, adapted, parameters_of, settings_of
from extraction.engines.vlm.ladder import out_of_memory
from extraction.engines.vlm.loading import Loaded
from extraction.engines.vlm.residence import empty
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable
from extraction.training import checkpoints
from extraction.training.checkpoints import MOMENTS, Checkpoint
from extraction.training.lessons import UNTAUGHT, Lesson, example, taught_batch
from extraction.training.memory import LOGITS, Way
from extraction.training.settings import Progress, TrainingSettings
from extraction.vision_models import VisionModel

logger = logging.getLogger(__name__)

MOST_NORM = 1.0  # of a step's gradient; what is longer is shortened
ADAPTER = "adapter"  # the folder of the finished one


@dataclass(slots=True, eq=False)
class Training:
    """One training, as it stands; made, it has gone on from the newest checkpoint of ``digest``."""

    loaded: Loaded
    model: VisionModel
    lessons: Sequence[Lesson]
    settings: TrainingSettings
    folder: Path
    digest: str
    taught: Sequence[int]
    way: Way
    step: int = 0
    loss: float = math.nan
    tokens: int = 0
    kept_step: int = 0
    network: Any = field(init=False)
    parameters: dict[str, Any] = field(init=False)
    optimizer: Any = field(init=False)

    def __post_init__(self) -> None:
        import torch

        with self._seeded(0):
            self.network = adapted(
                self.loaded.model,
                rank=self.settings.rank,
                alpha=self.settings.alpha,
                dropout=self.settings.dropout,
            )
        self.parameters = parameters_of(self.network)
        self.optimizer = torch.optim.AdamW(list(self.parameters.values()), lr=0.0)
        self.network.train()
        self.network.model.visual.eval()  # nothing goes back through it
        self._checkpoint_layers()
        if (checkpoint := checkpoints.newest(self.folder, self.digest)) is not None:
            self._restore(checkpoint)

    @property
    def steps(self) -> int:
        """How many there are to be."""
        return self.settings.steps(len(self.lessons))

    def go(self, told: Callable[[Progress], None], stop: Callable[[], bool], begun: float) -> None:
        """Take all steps that are left; raises as ``train`` does."""
        while self.step < self.steps:
            rate = self.settings.rate(self.step + 1, self.steps)
            try:
                loss = self._gradient(self._numbers(self.step), stop)
            except Cancelled:
                self._keep()
                raise
            self._change(loss, rate)
            if self.step % self.settings.checkpoint_steps == 0 or self.step == self.steps:
                self._keep()
            seconds = time.monotonic() - begun
            told(Progress(self.step, self.steps, loss, rate, seconds, self.tokens))

    def finished(self, base: Path) -> Path:
        """The adapter written to its folder; there whole or not at all."""
        from safetensors.torch import save

        settings = settings_of(
            self.model,
            base,
            rank=self.settings.rank,
            alpha=self.settings.alpha,
            dropout=float(self.settings.dropout),
        )
        fresh, done = self.folder / f".{ADAPTER}.new", self.folder / ADAPTER
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            tensors = {name: _kept(each) for name, each in self.parameters.items()}
            checkpoints.replace(fresh / TENSORS, save(tensors, {"format": "pt"}))
            checkpoints.replace(fresh / CONFIG, json.dumps(settings, indent=1).encode())
            if done.exists():
                shutil.rmtree(done)
            fresh.rename(done)
        except OSError as error:
            raise EngineUnavailable(f"the adapter cannot be written: {error.strerror}") from error
        return done

    def _numbers(self, step: int) -> list[int]:
        """The lessons of the step: each epoch has them all, in an order of its own."""
        size = self.settings.batch * self.settings.accumulate
        epoch, place = divmod(step, self.steps // self.settings.epochs)
        order = list(range(len(self.lessons)))
        random.Random(f"{self.settings.seed} {epoch}").shuffle(order)  # noqa: S311
        return order[place * size : (place + 1) * size]

    def _gradient(self, numbers: Sequence[int], stop: Callable[[], bool]) -> float:
        """The loss of these lessons, its gradient left in the parameters.

        Where memory does not suffice it is tried again in smaller parts. The error is gone by then,
        and with it what its frames held.
        """
        while True:
            try:
                return self._attempt(numbers, stop)
            except Exception as error:
                if not out_of_memory(error) or not self._smaller():
                    raise
                logger.warning("no memory for a step, now in smaller parts: %s", error)
            empty()

    def _attempt(self, numbers: Sequence[int], stop: Callable[[], bool]) -> float:
        self.optimizer.zero_grad(set_to_none=True)
        answers, together = sum(self.taught[number] for number in numbers), self.way.together
        losses, tokens = [], 0
        with self._seeded(self.step + 1):
            for start in range(0, len(numbers), together):
                if stop():
                    raise Cancelled()
                inputs, labels = self._batch(numbers[start : start + together])
                tokens += int(inputs["attention_mask"].sum())
                loss = self._loss(inputs, labels) / answers
                loss.backward()
                losses.append(loss.detach())  # a GPU is not waited for while the next are made
        self.tokens += tokens
        return float(sum(losses))

    def _batch(self, numbers: Sequence[int]) -> tuple[dict[str, Any], Any]:
        max_pixels = self.loaded.run.max_pixels
        examples = [
            example(self.lessons[number], self.loaded.processor, self.model, max_pixels)
            for number in numbers
        ]
        return taught_batch(examples, self.loaded.processor)

    def _loss(self, inputs: dict[str, Any], labels: Any) -> Any:
        """The sum over the lessons' tokens, those of the prompts left out.

        The vocabulary is so large that the likelihoods of all tokens at once would be most of what
        a step takes in memory.
        """
        import torch
        from torch.utils.checkpoint import checkpoint

        device = self.network.device
        inputs = {name: value.to(device) for name, value in inputs.items()}
        states = self.network.model(**inputs, use_cache=False).last_hidden_state
        learned = labels[:, 1:] != UNTAUGHT
        states = states[:, :-1][learned.to(device)]
        wanted = labels[:, 1:][learned].to(device)

        def unlikely(part: Any, tokens: Any) -> Any:
            likely = self.network.lm_head(part).float()
            return torch.nn.functional.cross_entropy(likely, tokens, reduction="sum")

        total = torch.zeros((), device=device)
        for start in range(0, len(wanted), LOGITS):
            part = states[start : start + LOGITS], wanted[start : start + LOGITS]
            if self.way.checkpointed:
                total = total + checkpoint(unlikely, *part, use_reentrant=False)
            else:
                total = total + unlikely(*part)
        return total

    def _change(self, loss: float, rate: float) -> None:
        """Take the step. Raises ``EngineFailed`` where loss or gradient is no number."""
        import torch

        parameters = list(self.parameters.values())
        norm = torch.nn.utils.clip_grad_norm_(parameters, MOST_NORM)
        if not math.isfinite(loss) or not torch.isfinite(norm):
            raise EngineFailed(
                f"at step {self.step + 1} the loss is no number any more; a lower learning rate may"
                " help"
            )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step += 1
        self.loss = loss

    def _smaller(self) -> bool:
        """Have lessons go through in smaller parts; whether that can be."""
        if self.way.together == 1 and self.way.checkpointed:
            return False
        together = self.way.together if not self.way.checkpointed else self.way.together // 2
        self.way = Way(together, True, self.way.total)
        self._checkpoint_layers()
        return True

    def _checkpoint_layers(self) -> None:
        if self.way.checkpointed:
            self.network.activation_checkpointing_enable({"use_reentrant": False})
            # it would have gradients go back through the vision tower, whose numbers then all stay
            self.network.disable_input_require_grads()

    def _keep(self) -> None:
        """Write a checkpoint, unless that of this step is there."""
        if self.step == self.kept_step:
            return
        tensors = {}
        for name, parameter in self.parameters.items():
            tensors[f"adapter:{name}"] = _kept(parameter)
            for moment in MOMENTS:
                tensors[f"{moment}:{name}"] = _kept(self.optimizer.state[parameter][moment])
        checkpoints.write(self.folder, self.digest, Checkpoint(self.step, self.loss, tensors))
        self.kept_step = self.step

    def _restore(self, checkpoint: Checkpoint) -> None:
        import torch

        for name, parameter in self.parameters.items():
            parameter.data.copy_(checkpoint.tensors[f"adapter:{name}"])
            state = {
                moment: checkpoint.tensors[f"{moment}:{name}"].to(parameter.device)
                for moment in MOMENTS
            }
            state["step"] = torch.tensor(float(checkpoint.step))
            self.optimizer.state[parameter] = state
        self.step = self.kept_step = checkpoint.step
        self.loss = checkpoint.loss
        logger.info("training goes on after step %d", self.step)

    @contextlib.contextmanager
    def _seeded(self, step: int) -> Iterator[None]:
        """Chance as it is at that step; elsewhere in the process it is not touched."""
        import torch

        device = self.loaded.run.device
        with torch.random.fork_rng([] if device == "cpu" else [device]):
            torch.manual_seed(self.settings.seed * 1_000_003 + step)
            yield


def _kept(tensor: Any) -> Any:
    return tensor.detach().cpu().contiguous()
