"""Fine-tuning: datasets, the runs that learn from them, and the engines that come of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ocrsite_client.calls import Listing, Steps, listing, operation
from ocrsite_client.core import Core, Named, id_of
from ocrsite_client.sources import Source

LOOK_SECONDS = 30.0  # between two looks at a run, at most
ENDED = ("succeeded", "failed", "cancelled")


class LearningCalls(Core):
    """What can be done with datasets and runs; where one is wanted, its id will do.

    Answers are dictionaries, as docs/fine-tuning.md has them. What is made is made once.
    """

    @listing
    def datasets(self) -> Listing[dict[str, Any]]:
        """All datasets, newest first."""
        yield from self._listed("datasets", {}, dict)

    @operation
    def dataset(self, dataset: Named) -> Steps[dict[str, Any]]:
        """One of them, with how many examples it has."""
        found: dict[str, Any] = yield from self._get(_path(dataset))
        return found

    @operation
    def create_dataset(
        self, name: str, base: str, idempotency_key: str | None = None
    ) -> Steps[dict[str, Any]]:
        """Make one, without examples, to teach the engine ``base``."""
        body = {"name": name, "base": base}
        found: dict[str, Any] = yield from self._make("datasets", body, idempotency_key)
        return found

    @operation
    def delete_dataset(self, dataset: Named) -> Steps[None]:
        """Delete it with its examples and runs."""
        yield from self._delete(_path(dataset))

    @operation
    def add_corrections(self, dataset: Named) -> Steps[dict[str, Any]]:
        """Take over the pages on which people have corrected or confirmed fields."""
        found: dict[str, Any] = yield from self._change("POST", f"{_path(dataset)}/corrections")
        return found

    @listing
    def examples(self, dataset: Named) -> Listing[dict[str, Any]]:
        """Its pages with their texts, newest first."""
        yield from self._listed(f"{_path(dataset)}/examples", {}, dict)

    @operation
    def add_example(
        self,
        dataset: Named,
        source: Source,
        text: str,
        page: int = 1,
        idempotency_key: str | None = None,
    ) -> Steps[dict[str, Any]]:
        """Send a document's page with the text that is right for it; no address."""
        form = {"text": text, "page": page, "idempotency_key": idempotency_key}
        return (yield from self._submit(f"{_path(dataset)}/examples", source, form))

    @operation
    def delete_example(self, dataset: Named, example: Named) -> Steps[None]:
        """Take it out."""
        yield from self._delete(f"{_path(dataset)}/examples/{id_of(example)}")

    @operation
    def export_dataset(self, dataset: Named, to: str | os.PathLike[str]) -> Steps[Path]:
        """Save it as a zip: its documents, and its examples in lines of JSON."""
        return (yield from self._save(f"{_path(dataset)}/export", Path(to)))

    @operation
    def train(
        self, dataset: Named, idempotency_key: str | None = None, **options: Any
    ) -> Steps[dict[str, Any]]:
        """Begin a run that learns from what the dataset holds now; ``options`` are the API's."""
        named = dataset if isinstance(dataset, str) else dataset["id"]
        body = {"dataset": named, **options}
        found: dict[str, Any] = yield from self._make("training-runs", body, idempotency_key)
        return found

    @listing
    def training_runs(self, **filters: Any) -> Listing[dict[str, Any]]:
        """All runs, newest first; ``status`` keeps those that stand so."""
        yield from self._listed("training-runs", filters, dict)

    @operation
    def training_run(self, run: Named) -> Steps[dict[str, Any]]:
        """How far it is; once it has ended, how well it reads."""
        found: dict[str, Any] = yield from self._get(_run(run))
        return found

    @operation
    def wait_training(self, run: Named, timeout: float | None = None) -> Steps[dict[str, Any]]:
        """The run when it has ended, however that was: ``status``. Raises ``WaitTimeout``."""
        return (yield from self._look(_run(run), timeout, _ended, LOOK_SECONDS))

    @operation
    def cancel_training(self, run: Named) -> Steps[dict[str, Any]]:
        """End it, within seconds."""
        return (yield from self._cancel(_run(run), _cancelled))

    @operation
    def delete_training(self, run: Named) -> Steps[None]:
        """Delete an ended run and what it has learned."""
        yield from self._delete(_run(run))

    @operation
    def promote(self, run: Named, engine: str) -> Steps[dict[str, Any]]:
        """Let the own engine of that name, ``own:NAME``, read with what the run has learned."""
        body = {"engine": engine}
        found: dict[str, Any] = yield from self._change("POST", f"{_run(run)}/promote", body)
        return found

    @operation
    def own_engines(self) -> Steps[list[dict[str, Any]]]:
        """The organisation's own engines, by name."""
        found: list[dict[str, Any]] = (yield from self._get("own-engines"))["engines"]
        return found

    @operation
    def own_engine(self, name: str) -> Steps[dict[str, Any]]:
        """What it reads with."""
        found: dict[str, Any] = yield from self._get(_engine(name))
        return found

    @operation
    def roll_back_engine(self, name: str) -> Steps[dict[str, Any]]:
        """Let it read as before the last promotion."""
        found: dict[str, Any] = yield from self._change("POST", f"{_engine(name)}/rollback")
        return found

    @operation
    def delete_own_engine(self, name: str) -> Steps[None]:
        """Delete it. Jobs that wait for it will fail."""
        yield from self._delete(_engine(name))


def _path(dataset: Named) -> str:
    return f"datasets/{id_of(dataset)}"


def _run(run: Named) -> str:
    return f"training-runs/{id_of(run)}"


def _engine(name: str) -> str:
    """Its address, also where it is named as jobs name it, with ``own:``."""
    return f"own-engines/{quote(name.removeprefix('own:'), safe='')}"


def _cancelled(data: dict[str, Any]) -> bool:
    return bool(data["status"] == "cancelled")


def _ended(data: dict[str, Any]) -> bool:
    return data["status"] in ENDED
