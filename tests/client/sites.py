"""Either client against a live site, driven alike."""

from __future__ import annotations

import asyncio
import inspect
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
OPTIONS: dict[str, Any] = {"engine": "text-layer", "fields": ["invoice_number", "total_amount"]}


class Awaited:
    """An AsyncClient whose methods are awaited here, so that it is used as a Client is."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncClient(*arguments, **more)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def call(*arguments: Any, **more: Any) -> Any:
            found = method(*arguments, **more)
            if inspect.isawaitable(found):
                return self._loop.run_until_complete(found)
            return self._each(found)

        return call

    def _each(self, found: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self._loop.run_until_complete(anext(found))
            except StopAsyncIteration:
                return

    def close(self) -> None:
        """Close the client, then its loop."""
        self._loop.run_until_complete(self._client.close())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
