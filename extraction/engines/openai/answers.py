"""What a server answers, taken in piece by piece and trusted in nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_EVENT = 262_144  # bytes of one event of a stream
MAX_MESSAGE = 200  # characters that are kept of what a server says of an error


class Unusable(ValueError):
    """What came is no answer in OpenAI's form."""


class ServerSaid(RuntimeError):
    """The server has begun to answer and then told of an error of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text, and why it ends: "stop", "length", or another reason of the server's.

    ``confidence`` is the geometric mean of the tokens' probabilities, None where none were told.
    """

    text: str
    finish: str
    tokens: int
    confidence: float | None


class Writing:
    """An answer that is being written."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._finish = ""
        self._told = 0  # tokens, by the server
        self._seen = 0
        self._sum = 0.0
        self._scored = 0
        self.length = 0

    @property
    def text(self) -> str:
        """All of it so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def tokens(self) -> int:
        """How many it has, as far as can be told."""
        return self._told or self._seen

    def add(self, chunk: Any) -> None:
        """A chunk of a stream, or a whole answer. Raises ``Unusable``, ``ServerSaid``."""
        if not isinstance(chunk, dict):
            raise Unusable("no object")
        if chunk.get("error"):
            raise ServerSaid(message_of(chunk))
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise Unusable("no choices")
        if usage := _dict(chunk.get("usage")):
            count = usage.get("completion_tokens")
            if type(count) is int and 0 <= count < 10_000_000:
                self._told = count
        for choice in map(_dict, choices[:1]):
            said = _dict(choice.get("delta")) or _dict(choice.get("message"))
            text = said.get("content")
            if text is not None and not isinstance(text, str):
                raise Unusable("the content is no text")
            scores = list(_logprobs(choice.get("logprobs")))
            if text:
                self._parts.append(text)
                self.length += len(text)
                self._seen += len(scores) or 1
            self._sum += sum(scores)
            self._scored += len(scores)
            finish = choice.get("finish_reason")
            if isinstance(finish, str) and finish:
                self._finish = finish[:40]

    @property
    def finished(self) -> bool:
        """Whether the server has said why it ends."""
        return bool(self._finish)

    def answer(self, finish: str = "") -> Answer:
        """The whole; ``finish`` is why it ends where we have ended it."""
        confidence = round(math.exp(self._sum / self._scored), 4) if self._scored else None
        return Answer(self.text, finish or self._finish or "stop", self.tokens, confidence)


def events(pieces: Iterable[bytes]) -> Iterator[str]:
    """The data of each server-sent event. Raises ``Unusable`` for one of more than MAX_EVENT."""
    waiting, size = b"", 0
    data: list[bytes] = []
    for piece in pieces:
        *lines, waiting = (waiting + piece).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            if not line:
                if data:
                    yield b"\n".join(data).decode("utf-8", "replace")
                data, size = [], 0
            elif line.startswith(b"data:"):
                data.append(line[5:].removeprefix(b" "))
                size += len(line)
        if size + len(waiting) > MAX_EVENT:
            raise Unusable("an event is too long")
    if waiting.startswith(b"data:"):  # the last line, without its end
        data.append(waiting[5:].removeprefix(b" "))
    if data:
        yield b"\n".join(data).decode("utf-8", "replace")


def parsed(text: str | bytes) -> Any:
    """The JSON value. Raises ``Unusable``."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable("no JSON") from error


def message_of(body: Any) -> str:
    """What a server says of an error, one line, cut short; "" where it says nothing readable.

    Only what is meant to be read: lists of faults repeat what was sent, pages included.
    """
    said = _dict(body)
    error = said.get("error")
    for text in (_dict(error).get("message"), error, said.get("message"), said.get("detail")):
        if isinstance(text, str):
            line = "".join(sign if sign.isprintable() else " " for sign in text[: MAX_MESSAGE * 2])
            return " ".join(line.split())[:MAX_MESSAGE]
    return ""


def _logprobs(value: Any) -> Iterator[float]:
    content = _dict(value).get("content")
    for entry in content if isinstance(content, list) else ():
        score: Any = _dict(entry).get("logprob")
        if type(score) in (int, float) and score <= math.inf:  # no NaN
            yield float(min(max(score, -100), 0))  # vLLM tells -9999 for never


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
