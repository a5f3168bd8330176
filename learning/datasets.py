"""Datasets: made, filled with pages and their texts, split, removed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.shortcuts import get_object_or_404

from accounts import audit
from accounts.tenancy import Actor
from extraction.engines import configured
from extraction.errors import EmptyDocument, InvalidOption
from jobs import idempotency, storage, submit
from jobs.idempotency import Once
from jobs.models import StoredFile
from jobs.plan_engines import refuse_engine
from jobs.revisions import author_of
from jobs.uploads import Upload
from learning import files
from learning.errors import DatasetExists, TooManyExamples, TrainingOpen
from learning.models import OPEN, Dataset, Example, TrainingRun

HELD_OUT = 5  # one page of so many is measured by, not learned from


@dataclass(frozen=True, slots=True)
class Counts:
    """How many examples a dataset has, by the side they are on."""

    train: int
    held_out: int


def bases() -> list[str]:
    """The engines that can be taught: the vision-language models that are set up."""
    return [model.name for model in configured().vision]


def create(
    *, actor: Actor, name: str, base: str, once: Once | None = None, address: str | None = None
) -> Dataset:
    """A dataset without examples.

    Raises ``InvalidOption`` where the base cannot be taught, ``EngineNotAllowed``,
    ``DatasetExists``, and with ``once`` what ``idempotency.keep`` does.
    """
    if base not in bases():
        known = ", ".join(bases()) or "none is set up"
        raise InvalidOption(f"base: engines that can be taught: {known}.")
    refuse_engine(actor.tenant, base)
    made = Dataset(
        tenant=actor.tenant, name=name, base=base, created_by=actor.user, api_key=actor.api_key
    )
    try:
        with transaction.atomic():
            if once:
                idempotency.keep(once, made.pk, 201)
            made.save(force_insert=True)
            audit.record(
                actor=actor,
                tenant=actor.tenant,
                action="dataset.create",
                obj=made,
                after={"name": name, "base": base},
                address=address,
            )
    except IntegrityError as error:
        raise DatasetExists(f"There is a dataset {name!r}.") from error
    return made


def counts(dataset: Dataset) -> Counts:
    """Its examples by side."""
    found = Example.objects.filter(dataset=dataset).aggregate(
        train=Count("pk", filter=Q(held_out=False)), held_out=Count("pk", filter=Q(held_out=True))
    )
    return Counts(found["train"], found["held_out"])


def is_held_out(sha256: str, page: int) -> bool:
    """Which side a page is on: by a hash of its content, so that it stays there, and so that
    copies of one document are on one side, in this dataset and in any other."""
    digest = hashlib.sha256(f"{sha256}:{page}".encode()).digest()
    return int.from_bytes(digest[:8]) % HELD_OUT == 0


def add_upload(
    *,
    dataset: Dataset,
    upload: Upload,
    page: int,
    text: str,
    actor: Actor,
    once: Once | None = None,
    address: str | None = None,
) -> Example:
    """An example from a document that was sent, of which one page is taken.

    The document is opened when a trainer reads it, in the sandbox. Raises ``EmptyDocument``,
    ``UnsupportedType``, ``TooManyExamples``, ``StorageQuotaExceeded``, ``StorageUnavailable``,
    and with ``once`` what ``idempotency.keep`` does.
    """
    if not upload.size:
        raise EmptyDocument("The file has no content.")
    media_type = submit.media_type_of(upload.head)
    file = file_of(dataset, upload.sha256)
    kept = file is None
    if file is None:
        file = StoredFile(
            tenant=dataset.tenant,
            name=(upload.name or "document")[:255],
            media_type=media_type,
            size=upload.size,
            sha256=upload.sha256,
        )
        file.key = storage.upload_key(dataset.tenant_id, file.pk)
        storage.put_upload(file.key, upload)
    with taken_back(file if kept else None), transaction.atomic():
        example = Example(
            tenant=dataset.tenant,
            dataset=dataset,
            file=file,
            page=page,
            text=text,
            source=Example.Source.UPLOAD,
            confirmed_by=author_of(actor),
        )
        if once:
            idempotency.keep(once, example.pk, 201)
        lock(dataset)
        put(example, new_file=kept)
        audit.record(
            actor=actor,
            tenant=dataset.tenant,
            action="dataset.add",
            obj=dataset,
            after={"file": file.sha256, "page": page},
            address=address,
        )
    return example


def lock(dataset: Dataset) -> None:
    """Hold the dataset's row until the transaction ends, and count a change of it.

    Raises Http404 where it is gone, ``TooManyExamples``.
    """
    get_object_or_404(Dataset.objects.select_for_update().filter(pk=dataset.pk))
    held = Example.objects.filter(dataset=dataset).count()
    if held >= settings.TRAINING_MOST_EXAMPLES:
        raise TooManyExamples(limit=settings.TRAINING_MOST_EXAMPLES, actual=held + 1)
    Dataset.objects.filter(pk=dataset.pk).update(version=F("version") + 1)


def put(example: Example, *, new_file: bool) -> None:
    """Write an example in the place of the page's former one, in a transaction that has the
    dataset's lock. Raises ``TrainingOpen`` where a run needs that one, ``StorageQuotaExceeded``."""
    former = Example.objects.filter(
        dataset=example.dataset, file=example.file_id, page=example.page
    )
    refuse_needed(example.dataset, former)
    former.delete()
    if new_file:
        files.save(example.file)
    example.held_out = is_held_out(example.file.sha256, example.page)
    example.save(force_insert=True)


def file_of(dataset: Dataset, sha256: str) -> StoredFile | None:
    """The dataset's copy of that document, if it has one."""
    held = Example.objects.filter(dataset=dataset, file__sha256=sha256).select_related("file")
    first = held.first()
    return first.file if first else None


class taken_back:
    """Removes a file that was kept for the block, where the block fails."""

    def __init__(self, file: StoredFile | None) -> None:
        self.file = file

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self.file is not None:
            storage.delete([self.file.key])


def refuse_needed(dataset: Dataset, examples: Iterable[Example]) -> None:
    """Raises ``TrainingOpen`` where a run that has not ended is to learn from one of them."""
    wanted = {example.pk for example in examples}
    if not wanted:
        return
    runs = TrainingRun.objects.filter(dataset=dataset, status__in=OPEN)
    if any(wanted.intersection(pinned) for pinned in runs.values_list("examples", flat=True)):
        raise TrainingOpen("Wait for the training run to end, or cancel it.")


def remove_example(*, example: Example, actor: Actor, address: str | None = None) -> None:
    """Remove an example and, with the last one of a document, that. Raises ``TrainingOpen``."""
    with transaction.atomic():
        dataset = get_object_or_404(
            Dataset.objects.select_for_update(of=("self",))
            .filter(pk=example.dataset_id)
            .select_related("tenant")
        )
        refuse_needed(dataset, [example])
        file = example.file
        Example.objects.filter(pk=example.pk).delete()
        Dataset.objects.filter(pk=dataset.pk).update(version=F("version") + 1)
        audit.record(
            actor=actor,
            tenant=dataset.tenant,
            action="dataset.remove",
            obj=dataset,
            before={"file": file.sha256, "page": example.page},
            address=address,
        )
        if not Example.objects.filter(file=file).exists():
            files.remove(dataset.tenant, [file])


def delete(*, dataset: Dataset, actor: Actor, address: str | None = None) -> None:
    """Remove a dataset with its examples and runs.

    Raises ``TrainingOpen`` while a run of it has not ended, ``AdapterInUse`` while an engine has an
    adapter of one.
    """
    from learning.runs import remove_run  # that module imports this one

    with transaction.atomic():
        dataset = get_object_or_404(
            Dataset.objects.select_for_update(of=("self",))
            .filter(pk=dataset.pk)
            .select_related("tenant")
        )
        for run in TrainingRun.objects.filter(dataset=dataset).select_related("tenant"):
            remove_run(run)
        examples = list(Example.objects.filter(dataset=dataset).select_related("file"))
        held: dict[UUID, StoredFile] = {each.file_id: each.file for each in examples}
        audit.record(
            actor=actor,
            tenant=dataset.tenant,
            action="dataset.delete",
            obj=dataset,
            before={"name": dataset.name, "examples": len(examples)},
            address=address,
        )
        dataset.delete()
        files.remove(dataset.tenant, held.values())
