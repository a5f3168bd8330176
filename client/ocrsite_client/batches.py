"""Many documents: sent together, waited for together, or as they end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import quote
from uuid import uuid4

from ocrsite_client.calls import Call, Give, Listing, Pause, Steps, listing, operation
from ocrsite_client.core import SLACK_SECONDS, Core
from ocrsite_client.errors import ApiError
from ocrsite_client.models import Batch, Event, Item, Options
from ocrsite_client.retrying import delays
from ocrsite_client.sources import Source, form_value, is_address, name_of, opened, size_of

MOST_DOCUMENTS = 100  # in one batch, by the site's defaults
MOST_BYTES = 400_000_000
AT_ONCE = 2  # batches on their way: the next one is there when one ends
LOOK_SECONDS = 10  # between two looks at a batch, at most
FETCH_SECONDS = 60  # that the site may take to fetch a batch's addresses
BATCH_ENDS = frozenset({"batch.completed", "deleted"})


class BatchCalls(Core):
    """What can be done with batches. Where one is wanted, its id will do."""

    @operation
    def submit_batch(self, sources: Iterable[Source], **options: Unpack[Options]) -> Steps[Batch]:
        """Send documents and zip archives of them together; ``name`` and ``metadata`` are the
        batch's, the other options hold for each document.

        Sent again by itself where no answer came, under one Idempotency-Key: no second batch.
        """
        return (yield from self._submit_batch(_in_order(sources), options))

    @operation
    def batch(self, batch: Batch | str) -> Steps[Batch]:
        """How it stands."""
        return Batch.of((yield from self._get(_path(batch))))

    @listing
    def batches(self, **filters: Any) -> Listing[Batch]:
        """All batches, newest first, without their items."""
        yield from self._listed("batches", filters, Batch.of)

    @operation
    def wait_batch(self, batch: Batch | str, timeout: float | None = None) -> Steps[Batch]:
        """The batch when all of it has ended. Raises ``WaitTimeout`` after ``timeout`` seconds."""
        return Batch.of((yield from self._wait(_path(batch), timeout, _completed)))

    @listing
    def batch_events(self, batch: Batch | str, last: str = "") -> Listing[Event]:
        """What happens to the batch: ``progress``, ``batch.completed``, ``deleted``."""
        yield from self._events(f"{_path(batch)}/events", BATCH_ENDS, last)

    @operation
    def cancel_batch(self, batch: Batch | str) -> Steps[Batch]:
        """Cancel what has not ended of it."""
        return Batch.of((yield from self._cancel(_path(batch), _cancelled)))

    @operation
    def retry_batch(self, batch: Batch | str, password: str | None = None) -> Steps[Batch]:
        """Try again what failed, is partial or was cancelled."""
        body = {} if password is None else {"password": password}
        return Batch.of((yield from self._change("POST", f"{_path(batch)}/retry", body)))

    @operation
    def delete_batch(self, batch: Batch | str) -> Steps[None]:
        """Delete it with its jobs, results and files, however long that takes."""
        call = Call("DELETE", _path(batch), repeatable=True)
        while (yield from self._send(call)).status == 202:  # what is left goes on being deleted
            yield Pause(0.1)

    @operation
    def export(
        self,
        batch: Batch | str,
        to: str | os.PathLike[str],
        name: str | None = None,
        formats: Sequence[str] = (),
    ) -> Steps[Path]:
        """Save all results in one file: ``csv``, ``lines.csv``, ``json`` or ``zip``.

        ``name`` is the file's ending where it is not given; ``formats`` are those in a zip.
        """
        path = Path(to)
        name = name or path.suffix.lstrip(".").lower()
        params = {"formats": ",".join(formats)} if formats else {}
        return (yield from self._save(f"{_path(batch)}/export.{quote(name)}", path, params))

    @listing
    def read_many(
        self,
        sources: Iterable[Source],
        per_batch: int = MOST_DOCUMENTS,
        **options: Unpack[Options],
    ) -> Listing[Item]:
        """Send any number of documents and give each one when it has ended, also what was refused.

        They are sent as batches of at most ``per_batch`` documents, the next one while the last
        one is read; the result of an item is ``result(item.job)``. With an ``idempotency_key``,
        a program that is started again with the same documents goes on with the same batches.
        """
        key = options.get("idempotency_key") or str(uuid4())
        groups = enumerate(_groups(sources, per_batch))
        sent: list[_Sent] = []
        more = True
        pauses = delays(1.0, LOOK_SECONDS)
        while more or sent:
            while more and len(sent) < AT_ONCE:
                number, group = next(groups, (0, []))
                more = bool(group)
                if more:
                    named: Options = {**options, "idempotency_key": f"{key}-{number}"}
                    sent.append(_Sent(group))
                    try:
                        sent[-1].batch = yield from self._submit_batch(group, named)
                    except ApiError as error:
                        if error.code != "nothing_accepted":
                            raise
                        sent[-1].refused = error.errors["files"]
            news = False
            for each in list(sent):
                if each.batch is not None:
                    each.batch = yield from BatchCalls.batch.steps(self, each.batch)
                for item in each.news():
                    news = True
                    yield Give(item)
                if each.batch is None or each.batch.ended:
                    sent.remove(each)
            if news:
                pauses = delays(1.0, LOOK_SECONDS)
            elif sent:
                yield Pause(next(pauses))

    def _submit_batch(self, sources: Sequence[Source], options: Options) -> Steps[Batch]:
        """``sources`` in the order in which the site counts them."""
        given: dict[str, Any] = {**options}
        headers = {"Idempotency-Key": str(given.pop("idempotency_key", None) or uuid4())}
        addresses = [source for source in sources if is_address(source)]
        files = [source for source in sources if not is_address(source)]
        seconds = FETCH_SECONDS + SLACK_SECONDS
        if not files:
            body = {**given, "urls": addresses}
            call = Call(
                "POST", "batches", headers=headers, json=body, repeatable=True, seconds=seconds
            )
            return Batch.of((yield from self._send(call)).json())
        form: dict[str, Any] = {
            name: form_value(value) for name, value in given.items() if value is not None
        }
        if addresses:
            form["urls"] = addresses
        with ExitStack() as stack:
            call = Call(
                "POST",
                "batches",
                headers=headers,
                form=form,
                files=[("files", stack.enter_context(opened(file))) for file in files],
                repeatable=True,
                seconds=seconds,
            )
            return Batch.of((yield from self._send(call)).json())


@dataclass
class _Sent:
    """A group of ``read_many`` and what has been given of it."""

    sources: Sequence[Source]
    batch: Batch | None = None
    refused: Sequence[Mapping[str, Any]] = ()
    given: set[int] = field(default_factory=set)

    def news(self) -> Iterator[Item]:
        """What has ended since the last time."""
        items = self.batch.items if self.batch else [Item.of(each) for each in self.refused]
        for item in items:
            if item.ended and item.position not in self.given:
                self.given.add(item.position)
                yield Item(**{**vars(item), "source": self._source(item, len(items))})

    def _source(self, item: Item, total: int) -> Source | None:
        """What was given for the item: by its place, unless archives have come apart."""
        if total != len(self.sources):
            return None
        source = self.sources[item.position - 1]
        return source if is_address(source) or name_of(source) == item.name else None


def _in_order(sources: Iterable[Source]) -> list[Source]:
    """Files before addresses, as the site counts them."""
    return sorted(sources, key=is_address)


def _groups(sources: Iterable[Source], most: int) -> Iterator[list[Source]]:
    """The sources in batches that the site takes."""
    group: list[Source] = []
    size = 0
    for source in sources:
        more = size_of(source)
        if group and (len(group) >= most or size + more > MOST_BYTES):
            yield _in_order(group)
            group, size = [], 0
        group.append(source)
        size += more
    if group:
        yield _in_order(group)


def _path(batch: Batch | str) -> str:
    return f"batches/{quote(batch.id if isinstance(batch, Batch) else batch, safe='')}"


def _completed(data: dict[str, Any]) -> bool:
    return bool(data["status"] == "completed")


def _cancelled(data: dict[str, Any]) -> bool:
    return bool(data["documents"].get("cancelled"))
