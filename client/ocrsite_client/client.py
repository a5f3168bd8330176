"""The two clients: how the operations' steps are done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from typing import Any, Self, TypeVar

import httpx2

from ocrsite_client.batches import BatchCalls
from ocrsite_client.calls import (
    Blocking,
    Call,
    Give,
    Line,
    Listing,
    NonBlocking,
    Reply,
    Steps,
)
from ocrsite_client.comparing import CompareCalls
from ocrsite_client.jobs import JobCalls
from ocrsite_client.learning import LearningCalls
from ocrsite_client.login import Login
from ocrsite_client.site import SiteCalls
from ocrsite_client.templates import TemplateCalls
from ocrsite_client.version import VERSION
from ocrsite_client.webhook_calls import WebhookCalls

T = TypeVar("T")
CONNECT_SECONDS = 10


class _Operations(
    JobCalls, BatchCalls, CompareCalls, TemplateCalls, LearningCalls, WebhookCalls, SiteCalls
):
    """All operations, and how their calls become requests."""

    def __init__(
        self, url: str | None = None, key: str | None = None, *, retry_seconds: float = 60.0
    ) -> None:
        login = Login.find(url, key)
        self.url = login.url
        self.patience = retry_seconds
        self._headers = {"User-Agent": f"ocrsite-client/{VERSION}"}
        if login.key:
            self._headers["Authorization"] = f"Bearer {login.key}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _build(self, http: httpx2.Client | httpx2.AsyncClient, call: Call) -> httpx2.Request:
        timeout = http.timeout
        if call.seconds is not None:
            timeout = httpx2.Timeout(
                connect=timeout.connect, read=call.seconds, write=timeout.write, pool=timeout.pool
            )
        return http.build_request(
            call.method,
            f"{self.url}/api/v1/{call.path}",
            params={name: value for name, value in call.params.items() if value is not None},
            headers={**self._headers, **call.headers},
            json=call.json,
            data=call.form,
            files=call.files or None,
            timeout=timeout,
        )


class Client(_Operations, Blocking):
    """A site, whose methods return when it is done; threads may share it.

    ``url`` and ``key`` are, where left out, OCRSITE_URL and OCRSITE_KEY of the environment, else
    what ``ocrsite login`` has kept. A call that gets no answer, or is told to come later, is tried
    for ``retry_seconds``; the site may be silent for ``timeout`` seconds. ``http`` is a client of
    your own, for proxies and certificates.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        retry_seconds: float = 60.0,
        timeout: float = 60.0,
        http: httpx2.Client | None = None,
    ) -> None:
        super().__init__(url, key, retry_seconds=retry_seconds)
        self._http = http or httpx2.Client(timeout=_timeout(timeout))

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, steps: Steps[T]) -> T:
        results = self._list(_given(steps))
        try:
            return next(results)
        finally:
            results.close()

    def _list(self, steps: Listing[T]) -> Generator[T, None, None]:
        outcome: Any = None
        with ExitStack() as streams:
            streams.callback(steps.close)
            while True:
                try:
                    failed = isinstance(outcome, httpx2.RequestError)
                    step = steps.throw(outcome) if failed else steps.send(outcome)
                except StopIteration:
                    return
                outcome = None
                try:
                    if isinstance(step, Give):
                        yield step.item
                    elif isinstance(step, Call):
                        outcome = self._reply(step, streams)
                    elif isinstance(step, Line):
                        outcome = next(step.of.lines, None)
                    else:
                        time.sleep(step.seconds)
                except httpx2.RequestError as error:
                    outcome = error

    def _reply(self, call: Call, streams: ExitStack) -> Reply:
        response = self._http.send(self._build(self._http, call), stream=True)
        reply = Reply(response.status_code, response.headers, url=str(response.url))
        if call.lines and response.status_code == 200:
            streams.callback(response.close)
            return replace(reply, lines=response.iter_lines())
        try:
            if call.into is None or not response.is_success:
                return replace(reply, content=response.read())
            call.into.seek(0)
            call.into.truncate()
            for piece in response.iter_bytes():
                call.into.write(piece)
            return reply
        finally:
            response.close()


class AsyncClient(_Operations, NonBlocking):
    """The same site and the same methods, awaited; lists are asynchronous iterators.

    Arguments as of ``Client``.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        retry_seconds: float = 60.0,
        timeout: float = 60.0,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        super().__init__(url, key, retry_seconds=retry_seconds)
        self._http = http or httpx2.AsyncClient(timeout=_timeout(timeout))

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, steps: Steps[T]) -> T:
        results = self._list(_given(steps))
        try:
            return await anext(results)
        finally:
            await results.aclose()

    async def _list(self, steps: Listing[T]) -> AsyncGenerator[T, None]:
        outcome: Any = None
        async with AsyncExitStack() as streams:
            streams.callback(steps.close)
            while True:
                try:
                    failed = isinstance(outcome, httpx2.RequestError)
                    step = steps.throw(outcome) if failed else steps.send(outcome)
                except StopIteration:
                    return
                outcome = None
                try:
                    if isinstance(step, Give):
                        yield step.item
                    elif isinstance(step, Call):
                        outcome = await self._reply(step, streams)
                    elif isinstance(step, Line):
                        outcome = await anext(step.of.lines, None)
                    else:
                        await asyncio.sleep(step.seconds)
                except httpx2.RequestError as error:
                    outcome = error

    async def _reply(self, call: Call, streams: AsyncExitStack) -> Reply:
        response = await self._http.send(self._build(self._http, call), stream=True)
        reply = Reply(response.status_code, response.headers, url=str(response.url))
        if call.lines and response.status_code == 200:
            streams.push_async_callback(response.aclose)
            return replace(reply, lines=response.aiter_lines())
        try:
            if call.into is None or not response.is_success:
                return replace(reply, content=await response.aread())
            call.into.seek(0)
            call.into.truncate()
            async for piece in response.aiter_bytes():
                call.into.write(piece)
            return reply
        finally:
            await response.aclose()


def _timeout(silence: float) -> httpx2.Timeout:
    return httpx2.Timeout(silence, connect=CONNECT_SECONDS)


def _given(steps: Steps[T]) -> Listing[T]:
    """A result as a list of one."""
    yield Give((yield from steps))
