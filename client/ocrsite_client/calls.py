"""Every operation is written once, as a generator that says what is to be done, and does nothing.

It yields a ``Call`` to be sent (and gets the ``Reply``), a ``Line`` to be read, a ``Pause`` to be
made, and, where it lists things, each as a ``Give``. The blocking and the asynchronous client
differ in nothing but how they do these four. ``operation`` and ``listing`` make methods of such
generators, with the types that either client has.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import (
    Any,
    BinaryIO,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)
from urllib.parse import urljoin, urlsplit

from ocrsite_client.errors import ApiError, WrongAddress, api_error

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A request. ``path`` lies under ``/api/v1/``."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None  # of a form with files
    files: Sequence[tuple[str, tuple[str, Any]]] = ()
    repeatable: bool = False  # sending it twice does what sending it once does
    done: str = ""  # the error that may tell, once an answer got lost, that it was done
    answers: frozenset[int] = frozenset()  # errors that are answers all the same
    seconds: float | None = None  # that the site may be silent; the client's own if None
    into: BinaryIO | None = None  # where the body goes, instead of memory
    lines: bool = False  # the body is read line by line, while it comes


@dataclass(frozen=True)
class Reply:
    """An answer; ``lines`` is the client's iterator over lines where the call asked for them."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    lines: Any = None
    url: str = ""  # that was asked

    def json(self) -> Any:
        """The body; None if there is none. Raises ``WrongAddress`` where it is no JSON."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError as error:
            raise self.foreign() from error

    def error(self) -> ApiError:
        """What the answer says went wrong, also where it comes from a proxy."""
        problem: dict[str, Any] = {"detail": str(self.foreign())}
        with suppress(WrongAddress):
            found = self.json()
            problem = found if isinstance(found, dict) else problem
        return api_error(self.status, problem, self.retry_after)

    def foreign(self) -> WrongAddress:
        """What is said where the answer is none of an OCRSite's."""
        kind = self.media_type or "nothing"
        told = f"{_place(self.url)} answers {self.status} with {kind}, not as an OCRSite does"
        return WrongAddress(f"{told}: is the address right?")

    def moved(self, path: str) -> WrongAddress:
        """What is said of a redirect; ``path`` is that of the call."""
        with suppress(ValueError, KeyError):
            to = _place(urljoin(self.url, self.headers["location"]))
            asked, end = _place(self.url), f"/api/v1/{path}"
            here, there = asked.removesuffix(end), to.removesuffix("/").removesuffix(end)
            if to.removesuffix("/").endswith(end) and there != here:
                return WrongAddress(f"{here} sends to another address: use {there}")
            return WrongAddress(f"{asked} sends on to {to}: is the address right?")
        return self.foreign()

    @property
    def media_type(self) -> str:
        """Of the body, in small letters and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> float | None:
        """Seconds."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdecimal() else None


def _place(url: str) -> str:
    """The address without what was asked there."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


@dataclass(frozen=True)
class Line:
    """Read the next line of the reply, without its end; None after the last."""

    of: Reply


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Give(Generic[T]):
    """Hand this to who is listing."""

    item: T


Effect: TypeAlias = Call | Line | Pause
Steps: TypeAlias = Generator[Effect, Any, T]
Listing: TypeAlias = Generator[Effect | Give[T], Any, None]


def final(steps: Listing[T]) -> Steps[T]:
    """What is given last by a list, which is not empty."""
    found: Any = None
    outcome: Any = None
    try:
        while True:
            failed = isinstance(outcome, Exception)
            step = steps.throw(outcome) if failed else steps.send(outcome)
            outcome = None
            if isinstance(step, Give):
                found = step.item
                continue
            try:
                outcome = yield step
            except Exception as error:
                outcome = error
    except StopIteration:
        return cast(T, found)
    finally:
        steps.close()


class Blocking(ABC):
    """A client whose methods return when it is done."""

    @abstractmethod
    def _run(self, steps: Steps[T]) -> T:
        """Do the steps, and return what comes of them."""

    @abstractmethod
    def _list(self, steps: Listing[T]) -> Iterator[T]:
        """Do the steps as what they give is wanted."""


class NonBlocking(ABC):
    """A client whose methods are awaited."""

    @abstractmethod
    async def _run(self, steps: Steps[T]) -> T:
        """Do the steps, and return what comes of them."""

    @abstractmethod
    def _list(self, steps: Listing[T]) -> AsyncIterator[T]:
        """Do the steps as what they give is wanted."""


class operation(Generic[P, T]):
    """A method of both clients, of a generator that returns the result."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: NonBlocking, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @wraps(self.steps)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client._run(self.steps(client, *args, **kwargs))

        return call


class listing(Generic[P, T]):
    """The same for one that gives many things: an iterator, or an asynchronous one."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Listing[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: NonBlocking, owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @wraps(self.steps)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client._list(self.steps(client, *args, **kwargs))

        return call
