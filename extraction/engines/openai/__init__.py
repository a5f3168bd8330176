"""Any server that speaks OpenAI's protocol and shows a model pictures: vLLM, SGLang and others.

A page goes there as a picture with an instruction, and comes back as text with tags, piece by piece
while the model writes. Instruction and limits are those of a row of ``extraction.vision_models``.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any, Literal

from extraction.breaker import breaker_of
from extraction.engines import UNWATCHED, Wants, Watch, degraded
from extraction.engines.attempts import Refused
from extraction.engines.configuration import Configuration
from extraction.engines.openai.answers import Answer, Unusable, parsed
from extraction.engines.openai.asking import LOOPED, Asking, Client
from extraction.engines.picture import encoded
from extraction.errors import Cancelled, EngineFailed, EngineUnavailable
from extraction.types import PageImage, PageText, Written

LOOK_SECONDS = 0.5  # between two looks at the pages that are being read
PENALTY = 1.1  # on what was written before, where a model has looped
ENDED_SECONDS = 10  # for requests to end that have been given up

Request = Literal["usual", "again"]
# What helps but is not everywhere taken: the first of these that a server does not refuse is kept
_TOLD = {"logprobs": True, "stream_options": {"include_usage": True}}
EXTRAS: Mapping[Request, Sequence[Mapping[str, Any]]] = {
    "usual": (_TOLD, {}),
    "again": (
        {**_TOLD, "repetition_penalty": PENALTY},
        {**_TOLD, "frequency_penalty": PENALTY - 1},
        {"frequency_penalty": PENALTY - 1},
    ),
}
WHY = {"length": degraded.CUT_SHORT, LOOPED: degraded.LOOPED}


class OpenAI:
    """Reads rendered pages, ``at_once`` of them together in this process; from any thread."""

    wants: Wants = "pixels"

    def __init__(self, *, name: str, configuration: Configuration, threads: int = 0) -> None:
        """``threads`` are those of OCR, for pages that the model cannot read.

        Raises ``EngineUnavailable`` where the server is not set up, or not as it must be.
        """
        server = configuration.openai
        if server is None:
            raise EngineUnavailable("OPENAI_URL names no server")
        self.name = name
        self.revision = server.revision
        self.at_once = max(server.concurrency, 1)
        try:
            self._client = Client(server, breaker_of(name, configuration.redis))
        except ValueError as error:
            raise EngineUnavailable(f"OPENAI_URL is not usable: {error}") from error
        self.fills_schemas = server.json_schema
        self._model = server.model
        self._row = server.reads_as
        self._threads = threads
        self._requests = ThreadPoolExecutor(self.at_once, thread_name_prefix="openai")
        self._taken: dict[Request, int] = {}  # of EXTRAS, which the server takes
        self._schema: bool | None = None
        self._schema_lock = threading.Lock()

    def read(self, pages: Sequence[PageImage], watch: Watch = UNWATCHED) -> list[PageText]:
        """Read the pages together. A page that the server refuses has an ``error``; where a model
        loops or writes too much twice, or nothing, rapidocr has read the page: it is degraded.

        Raises ``EngineUnavailable`` where the server is away, ``Cancelled``.
        """
        askings = [Asking() for _ in pages]
        futures = [
            self._requests.submit(copy_context().run, self._page, page, asking)
            for page, asking in zip(pages, askings, strict=True)
        ]
        try:
            self._follow(pages, askings, futures, watch)
        finally:
            for asking, future in zip(askings, futures, strict=True):
                future.cancel()
                asking.end()
            wait(futures, timeout=ENDED_SECONDS)
        return [
            self._instead(page, found, watch) if isinstance(found, str) else found
            for page, found in zip(pages, (future.result() for future in futures), strict=True)
        ]

    def _follow(
        self,
        pages: Sequence[PageImage],
        askings: Sequence[Asking],
        futures: Sequence[Future[PageText | str]],
        watch: Watch,
    ) -> None:
        """Wait for all pages. Raises what one of them raised, ``Cancelled``."""
        told = dict.fromkeys(range(len(pages)), 0)
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            for index, (page, asking) in enumerate(zip(pages, askings, strict=True)):
                asking.look()
                if asking.tokens != told[index]:
                    told[index] = asking.tokens
                    watch.told(page.number, asking.tokens)
            if waiting and watch.stop():
                raise Cancelled()

    def _instead(self, page: PageImage, why: str, watch: Watch) -> PageText:
        """A page that the model cannot read, by OCR."""
        if watch.stop():
            raise Cancelled()
        return degraded.read_instead(page, why, self._threads)

    def _page(self, page: PageImage, asking: Asking) -> PageText | str:
        """What the model writes of the page, or the warning that says why it is nothing usable."""
        try:
            picture = encoded(
                page, min_pixels=self._row.min_pixels, max_pixels=self._row.max_pixels
            ).data_uri
            answer = self._ask(asking, self._body(picture), "usual")
            again = answer.finish in WHY
            if again:
                answer = self._ask(asking, self._body(picture), "again")
            if answer.finish in WHY:
                return WHY[answer.finish]
            if answer.finish != "stop":
                raise EngineFailed(f"The model has stopped for {answer.finish!r}")
            if not answer.text.strip() and page.pixels is not None and degraded.inked(page.pixels):
                return degraded.WROTE_NOTHING
        except Refused as error:
            return self._failed(EngineFailed(f"The page was refused: {error}"))
        except EngineFailed as error:
            return self._failed(error)
        return PageText(
            (),
            self.name,
            self.revision,
            warnings=(degraded.RETRIED,) if again else (),
            markup=answer.text,
            confidence=answer.confidence,
            tokens=answer.tokens,
        )

    def _failed(self, error: EngineFailed) -> PageText:
        return PageText((), self.name, self.revision, error=error.failure())

    def _body(self, picture: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": picture}},
                        {"type": "text", "text": self._row.instruction},
                    ],
                }
            ],
            "max_tokens": self._row.max_tokens,
            "temperature": 0,
            "stream": True,
        }
        if self._row.repetition_penalty != 1:
            body["repetition_penalty"] = self._row.repetition_penalty
        return body

    def _ask(self, asking: Asking, body: dict[str, Any], request: Request) -> Answer:
        """The answer, with as many extras as the server takes. Raises as ``Client.ask``."""
        taken = self._taken.get(request)
        ways = EXTRAS[request]
        for index in range(len(ways)) if taken is None else (taken,):
            try:
                answer = self._client.ask(asking, {**body, **ways[index]}, self._row.max_tokens)
            except Refused:
                if taken is not None or index == len(ways) - 1:
                    raise
            else:
                self._taken[request] = index
                return answer
        raise AssertionError("there is always a last way")

    def fill(self, prompt: str, schema: Mapping[str, Any], watch: Watch = UNWATCHED) -> Written:
        """The model's answer to the prompt, kept to the schema.

        Raises ``EngineFailed`` where the server does not keep to schemas, or refuses this one,
        ``EngineUnavailable``, ``Cancelled``.
        """
        asking = Asking()
        future = self._requests.submit(copy_context().run, self._filled, asking, prompt, schema)
        try:
            while not future.done():
                wait([future], timeout=LOOK_SECONDS)
                asking.look()
                if not future.done() and watch.stop():
                    raise Cancelled()
            return future.result()
        finally:
            future.cancel()
            asking.end()
            wait([future], timeout=ENDED_SECONDS)

    def _filled(self, asking: Asking, prompt: str, schema: Mapping[str, Any]) -> Written:
        try:
            if not self.supports_schema():
                raise EngineFailed("The server does not keep its model to a JSON Schema")
            body = {
                "model": self._model,
                "messages": [{"role": "user", "content": prompt}],
                "max_tokens": self._row.max_tokens,
                "temperature": 0,
                "stream": True,
                "response_format": _format(schema),
            }
            answer = self._ask(asking, body, "usual")
        except Refused as error:
            raise EngineFailed(f"The schema was refused: {error}") from error
        return Written(answer.text, answer.finish == "stop", answer.tokens, answer.confidence)

    def supports_schema(self) -> bool:
        """Whether the server keeps its model to a JSON Schema; asked once, then remembered.

        It is to write a word that no model would come upon. Raises as ``Client.ask``.
        """
        with self._schema_lock:
            if self._schema is None:
                word = secrets.token_hex(6)
                shape = {
                    "type": "object",
                    "properties": {"word": {"type": "string", "enum": [word]}},
                    "required": ["word"],
                    "additionalProperties": False,
                }
                body = {
                    "model": self._model,
                    "messages": [{"role": "user", "content": "Answer in JSON."}],
                    "max_tokens": 64,
                    "temperature": 0,
                    "stream": True,
                    "response_format": _format(shape),
                }
                try:
                    said = parsed(self._client.ask(Asking(), body, 64).text)
                    self._schema = said == {"word": word}
                except (Refused, Unusable):
                    self._schema = False
            return self._schema


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a request that keeps the answer to the schema."""
    shape = {key: value for key, value in schema.items() if key not in ("$id", "$schema")}
    wanted = {"name": "answer", "schema": shape, "strict": True}
    return {"type": "json_schema", "json_schema": wanted}
