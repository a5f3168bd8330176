"""Either client against a live site, driven alike."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from ocrsite_client import AsyncClient
from tests.documents import text_pdf

CLIENT = Path(__file__).resolve().parents[2] / "client"  # as it lies in the repository
INVOICE = text_pdf(
    ["Tax invoice\nInvoice number: A-4711\nInvoice date: 31.01.2026\nTotal amount: 119,00 EUR"]
)
NOTHING = text_pdf(["Some text.", "And more of it."])
END = object()
OPTIONS: dict[str, Any] = {"engine": "text-layer", "fields": ["invoice_number", "total_amount"]}


class Awaited:
    """An AsyncClient whose methods are awaited in a thread, so that it is used as a Client is.

    The tests' own thread may have a browser's loop.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="awaited")
        self._thread.start()
        self._client = AsyncClient(*arguments, **more)

    def _await(self, found: Any) -> Any:
        async def awaited() -> Any:
            return await found

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def call(*arguments: Any, **more: Any) -> Any:
            found = method(*arguments, **more)
            if inspect.isawaitable(found):
                return self._await(found)
            return self._each(found)

        return call

    def _each(self, found: AsyncIterator[Any]) -> Iterator[Any]:
        while (one := self._await(anext(found, END))) is not END:
            yield one

    def close(self) -> None:
        """Close the client, then its loop."""
        self._await(self._client.close())
        self._await(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
