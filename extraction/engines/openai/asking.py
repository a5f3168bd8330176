"""Asking a server that speaks OpenAI's protocol: requests, and what their outcome says of it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any

from extraction.breaker import Breaker, Permit
from extraction.engines import attempts
from extraction.engines.attempts import NoAnswer, Refused
from extraction.engines.configuration import OpenAIServer
from extraction.engines.openai.answers import (
    Answer,
    ServerSaid,
    Unusable,
    Writing,
    events,
    message_of,
    parsed,
)
from extraction.engines.openai.connection import Address, Exchange, Lost, Times, TooMuch
from extraction.engines.repetition import looped
from extraction.errors import Cancelled

LOOPED = "looped"  # why an answer ends that we have ended ourselves
LOOK_CHARACTERS = 256  # between two looks whether a text has begun to loop
WHOLE = 5  # times the longest silence, all of an answer may take
TOKEN_BYTES = 2000  # of a stream, with the name of the model and the token's probability
MAX_WHOLE = 4_000_000  # bytes of an answer that comes in one piece
MAX_ERROR = 65_536
KEEP_SECONDS = 15  # between two signs of life of a trial
PASSING = {408, 409, 425, 429}
SETTINGS = {401, 403, 404, 405, 407}  # the operator's to mend, whatever the page


@dataclass
class Asking:
    """One page's requests, as the thread sees them that waits for it: its ``tokens`` so far."""

    given_up: threading.Event = field(default_factory=threading.Event)
    tokens: int = 0
    exchange: Exchange | None = None
    permit: Permit | None = None
    kept: float = 0.0

    def look(self) -> None:
        """End a request that takes too long; say of a trial that it goes on."""
        exchange, permit = self.exchange, self.permit
        if exchange is not None and exchange.late:
            exchange.close()
        if permit is not None and permit.trial and time.monotonic() - self.kept > KEEP_SECONDS:
            self.kept = time.monotonic()
            permit.keep()

    def end(self) -> None:
        """Give it up: whoever reads is told so at once."""
        self.given_up.set()
        if (exchange := self.exchange) is not None:
            exchange.close()


class Client:
    """The server; called from several threads at once."""

    def __init__(self, server: OpenAIServer, breaker: Breaker) -> None:
        """Raises ValueError where its URL is none."""
        self._server = server
        self._breaker = breaker
        self._address = Address.reading(server.url)
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            "Connection": "close",
            "User-Agent": "OCRSite",
        }
        if server.key:
            self._headers["Authorization"] = f"Bearer {server.key}"

    def ask(self, asking: Asking, body: dict[str, Any], max_tokens: int) -> Answer:
        """What the server answers.

        Raises ``Refused``, ``Cancelled``, and ``EngineUnavailable`` where the server is away, fails
        or is not set up as it must be.
        """

        def once(permit: Permit) -> Answer:
            asking.permit, asking.kept, asking.tokens = permit, time.monotonic(), 0
            try:
                return self._exchanged(asking, body, max_tokens)
            finally:
                asking.permit = None

        return attempts.made(
            once,
            breaker=self._breaker,
            retries=self._server.retries,
            given_up=asking.given_up,
        )

    def _exchanged(self, asking: Asking, body: dict[str, Any], max_tokens: int) -> Answer:
        """One request and its answer. Raises ``NoAnswer``, ``Refused``, ``Cancelled``."""
        silence = self._server.read_seconds
        times = Times(self._server.connect_seconds, silence, WHOLE * silence)
        exchange = Exchange(self._address, times, 1_000_000 + TOKEN_BYTES * max_tokens)
        asking.exchange = exchange
        try:
            if asking.given_up.is_set():
                raise Cancelled()
            sent = json.dumps(body).encode()
            response = exchange.post("/chat/completions", sent, self._headers)
            if response.status != 200:
                raise self._refusal(response)
            return self._read(response, exchange, asking)
        except (Lost, TooMuch, Unusable, ServerSaid) as error:
            if asking.given_up.is_set():
                raise Cancelled() from error
            again = isinstance(error, Lost | ServerSaid) and not exchange.late
            raise NoAnswer(
                f"the server gives no usable answer: {self._shown(str(error))}",
                counts=True,
                again=again,
            ) from error
        finally:
            asking.exchange = None
            exchange.done()

    def _read(self, response: HTTPResponse, exchange: Exchange, asking: Asking) -> Answer:
        """The answer as it is written, or in one piece; ended where it loops."""
        writing, looked = Writing(), 0
        kind = response.headers.get_content_type()
        if kind == "application/json":
            whole, size = [], 0
            for piece in exchange.pieces(response):
                whole.append(piece)
                size += len(piece)
                if size > MAX_WHOLE:
                    raise TooMuch(f"the answer has more than {MAX_WHOLE:,} bytes")
            writing.add(parsed(b"".join(whole)))
        elif kind == "text/event-stream":
            ended = False
            for event in events(exchange.pieces(response)):
                if event.strip() == "[DONE]":
                    ended = True
                    break
                writing.add(parsed(event))
                asking.tokens = writing.tokens
                if writing.length - looked >= LOOK_CHARACTERS:
                    looked = writing.length
                    if looped(writing.text):
                        return writing.answer(LOOPED)
            if not ended and not writing.finished:
                raise Lost("it breaks off")
        else:
            raise Unusable(f"it is {kind[:60]!r}")
        return writing.answer(LOOPED if looped(writing.text) else "")

    def _refusal(self, response: HTTPResponse) -> NoAnswer | Refused:
        """What an answer without a result is. Raises ``Lost``."""
        status = response.status
        try:
            said = message_of(parsed(response.read(MAX_ERROR)))
        except Unusable:
            said = ""
        except (OSError, HTTPException, ValueError) as error:
            raise Lost(str(error)) from error
        why = f"the server answers {status}" + (f": {self._shown(said)}" if said else "")
        after = attempts.asked_for(response.headers.get("Retry-After"))
        if status >= 500:
            return NoAnswer(why, counts=True, again=True, after=after)
        if status in PASSING:
            return NoAnswer(why, counts=False, again=True, after=after)
        if status in SETTINGS or 300 <= status < 400:
            hint = "; OPENAI_URL, OPENAI_MODEL and OPENAI_KEY say where and as whom it is asked"
            return NoAnswer(why + hint, counts=False, again=False)
        if status < 400:
            return NoAnswer(why, counts=True, again=False)
        return Refused(why)

    def _shown(self, text: str) -> str:
        """Without the key, which some servers repeat."""
        return text.replace(self._server.key, "***") if self._server.key else text
