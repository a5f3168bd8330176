"""What all operations are made of: asking, listing, waiting, listening, saving."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

import httpx2

from ocrsite_client.calls import Call, Give, Line, Listing, Pause, Reply, Steps, final
from ocrsite_client.errors import WaitTimeout
from ocrsite_client.models import Event
from ocrsite_client.retrying import delays, send
from ocrsite_client.sources import Source, form_value, is_address, opened

T = TypeVar("T")
HOLD_SECONDS = 30  # how long the site may hold an answer: proxies cut after 60, mostly
SLACK_SECONDS = 30  # that it may take beyond
SILENCE_SECONDS = 45  # of a stream of events, which says something every 15
Body = dict[str, Any]
Named = Mapping[str, Any] | str  # what the site has given, or its id


def id_of(each: Named) -> str:
    """For a path."""
    return quote(each if isinstance(each, str) else str(each["id"]), safe="")


def asked(filters: Mapping[str, Any]) -> Body:
    """Filters as the API names them: ``from_`` is ``from``."""
    return {name.rstrip("_"): each for name, each in filters.items()}


class Core:
    """Steps that the operations share; ``patience`` is how long a call is tried, in seconds."""

    patience: float

    def _send(self, call: Call, patience: float | None = None) -> Steps[Reply]:
        return (yield from send(call, self.patience if patience is None else patience))

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Steps[Any]:
        reply = yield from self._send(Call("GET", path, params or {}, repeatable=True))
        found = reply.json()
        if found is None:
            raise reply.foreign()
        return found

    def _change(
        self, method: str, path: str, body: Body | None = None, *, repeatable: bool = False
    ) -> Steps[Any]:
        return (yield from self._send(Call(method, path, json=body, repeatable=repeatable))).json()

    def _cancel(self, path: str, cancelled: Callable[[Body], bool]) -> Steps[Body]:
        """End what is at the path; ``cancelled`` tells whether that is how it has ended."""
        call = Call("POST", f"{path}/cancel", repeatable=True, done="already_ended")
        reply = yield from self._send(call)
        found: Body = reply.json() if reply.status < 300 else (yield from self._get(path))
        if reply.status >= 300 and not cancelled(found):
            raise reply.error()  # it was faster than the request whose answer got lost
        return found

    def _delete(self, path: str) -> Steps[None]:
        yield from self._send(Call("DELETE", path, repeatable=True))

    def _make(self, path: str, body: Body, key: str | None) -> Steps[Any]:
        """Make something, once; ``key`` is the Idempotency-Key, a random one if there is none."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        call = Call("POST", path, headers=headers, json=body, repeatable=True)
        return (yield from self._send(call)).json()

    def _submit(
        self, path: str, source: Source, options: Mapping[str, Any], held: float = 0.0
    ) -> Steps[Body]:
        """Send a document, once; the site may hold its answer for so many seconds."""
        given = {**options}
        headers = {"Idempotency-Key": str(given.pop("idempotency_key", None) or uuid4())}
        seconds = held + SLACK_SECONDS if held else None
        if is_address(source):
            body = {**given, "url": source}
            call = Call("POST", path, headers=headers, json=body, repeatable=True, seconds=seconds)
            found: Body = (yield from self._send(call)).json()
            return found
        form = {name: form_value(value) for name, value in given.items() if value is not None}
        with opened(source) as file:
            call = Call(
                "POST",
                path,
                headers=headers,
                form=form,
                files=[("file", file)],
                repeatable=True,
                seconds=seconds,
            )
            found = (yield from self._send(call)).json()
            return found

    def _listed(self, path: str, filters: Mapping[str, Any], of: Callable[[Body], T]) -> Listing[T]:
        """What a list holds, page by page as it is wanted."""
        params: Mapping[str, Any] = asked(filters)
        while True:
            page: Body = yield from self._get(path, params)
            for row in page["results"]:
                yield Give(of(row))
            if not page["next"]:
                return
            # the address itself may be one that only the site's proxy knows
            params = dict(parse_qsl(urlsplit(page["next"]).query))

    def _wait(self, path: str, timeout: float | None, ended: Callable[[Body], bool]) -> Steps[Body]:
        """What is at the path once it has ended."""
        return (yield from final(self._watch(path, timeout, HOLD_SECONDS, ended, dict)))

    def _watch(
        self,
        path: str,
        timeout: float | None,
        longest: int,
        ended: Callable[[Body], bool],
        of: Callable[[Body], T],
    ) -> Listing[T]:
        """What is at the path, after ``longest`` seconds each, until it has ended.

        How long the site may hold its answer is one thing, how long it may be away another:
        ``patience``, or all that is left of ``timeout``.
        """
        give_up = None if timeout is None else monotonic() + timeout
        for pause in delays(longest=5.0):
            begun = monotonic()
            left = float("inf") if give_up is None else max(0.0, give_up - begun)
            hold = int(min(longest, left))
            call = Call("GET", path, {"wait": hold}, repeatable=True, seconds=hold + SLACK_SECONDS)
            found: Body = (yield from self._send(call, min(self.patience, left))).json()
            yield Give(of(found))
            if ended(found):
                return
            now = monotonic()
            if give_up is not None and now >= give_up:
                break
            if now - begun < hold / 2 or not hold:  # the site holds no answers at the moment
                yield Pause(pause if give_up is None else min(pause, give_up - now))
        raise _late(found, timeout)

    def _look(
        self, path: str, timeout: float | None, ended: Callable[[Body], bool], longest: float
    ) -> Steps[Body]:
        """The same where the site holds no answers: asked at most every ``longest`` seconds."""
        give_up = None if timeout is None else monotonic() + timeout
        for pause in delays(longest=longest):
            found: Body = yield from self._get(path)
            now = monotonic()
            if ended(found):
                return found
            if give_up is not None and now >= give_up:
                break
            yield Pause(pause if give_up is None else min(pause, give_up - now))
        raise _late(found, timeout)

    def _events(self, path: str, ends: frozenset[str], last: str) -> Listing[Event]:
        """Events until one of ``ends``; after every other end it comes again."""
        pauses = delays()
        while True:
            headers = {
                "Accept": "text/event-stream",
                **({"Last-Event-ID": last} if last else {}),
            }
            call = Call(
                "GET", path, headers=headers, repeatable=True, lines=True, seconds=SILENCE_SECONDS
            )
            reply = yield from self._send(call)
            if reply.status == 204:
                return  # the end has been told before
            told: dict[str, str] = {}
            try:
                while (line := (yield Line(reply))) is not None:
                    name, _, value = line.partition(":")
                    if name:
                        told[name] = value.removeprefix(" ")
                    elif not line and "event" in told:
                        last = told.get("id", last)
                        data = json.loads(told.get("data") or "{}")
                        yield Give(Event(told["event"], data, last))
                        if told["event"] in ends:
                            return
                        pauses = delays()
                    if not line:
                        told = {}
            except httpx2.RequestError:
                pass
            yield Pause(next(pauses))

    def _save(self, path: str, to: Path, params: Mapping[str, Any] | None = None) -> Steps[Path]:
        """The body at the path as a file: beside it first, then in its place."""
        part = to.with_name(f"{to.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                yield from self._send(Call("GET", path, params or {}, repeatable=True, into=file))
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)
        return to


def _late(found: Body, timeout: float | None) -> WaitTimeout:
    name = found.get("name") or found["id"]
    return WaitTimeout(f"{name}: {found['status']} after {timeout} s", found)
