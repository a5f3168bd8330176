"""A circuit breaker that all processes share: a server that is down is left alone for a while.

Closed, every call goes through. After ``FAILURES`` failed calls one after another, or ``MOST`` of
the last ``WINDOW``, it is open: calls are refused at once. ``OPEN_SECONDS`` later it is half-open:
one call of all processes goes through as a trial. If that succeeds the breaker closes, if it fails
it is open for as long again, and if nothing is heard of it the next call is the trial.

The whole state is one short string in Redis, next to nothing to read, and changed only by whoever
has just read it as it is (compare and set): so one small function in Python decides what follows,
whether Redis is there or not. Without Redis a process goes on by what it last knew. One that was
killed may come back with what it held a second earlier, which then counts.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from extraction.errors import EngineUnavailable

logger = logging.getLogger(__name__)

# Opens a redis.Redis for a few commands, as `SharedRedis.asked` in accounts/shared_redis.py does
Redis = Callable[[], AbstractContextManager[Any]]

FAILURES = 5
OPEN_SECONDS = 300.0
TRIAL_SECONDS = 60.0  # after which a trial of which nothing is heard counts as dead
# Besides: a server that fails four times of five never fails five times in a row for long
WINDOW = 20
MOST = 16
KEPT_SECONDS = 86_400  # for which Redis keeps a state that nobody changes
AFTER_TRIAL_SECONDS = 10  # at most, until those refused during a trial ask again
TRIES = 200  # at changing a state that others are changing

FAILED, WELL = "x", "."
# KEYS[1] the state; ARGV: as it was read ("" for none), as it is to be, milliseconds to keep it
_REPLACE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


@dataclass(frozen=True, slots=True)
class State:
    """``recent`` outcomes, the newest last; times in milliseconds of the clock that is asked.

    Open where ``open_until`` is not 0; ``trial`` is the token of the call that may close it.
    """

    recent: str = ""
    open_until: int = 0
    trial_until: int = 0
    trial: str = ""

    def encoded(self) -> str:
        """For Redis; never empty."""
        return f"{self.recent}|{self.open_until}|{self.trial_until}|{self.trial}"

    @classmethod
    def decoded(cls, text: str) -> State:
        """What ``encoded`` wrote; closed for anything else."""
        try:
            recent, open_until, trial_until, trial = text.split("|")
            if set(recent) <= {FAILED, WELL}:
                return cls(recent[-WINDOW:], int(open_until), int(trial_until), trial)
        except ValueError:
            pass
        return cls()

    def later(self, milliseconds: int) -> State:
        """By another clock, which is that much ahead."""
        return replace(
            self,
            open_until=self.open_until and self.open_until + milliseconds,
            trial_until=self.trial_until and self.trial_until + milliseconds,
        )

    def refuses(self, now: int) -> int:
        """For how many milliseconds more no call is let through; 0: one is."""
        return max(self.open_until - now, self.trial_until - now, 0) if self.open_until else 0

    def admitting(self, now: int, token: str, trial_ms: int) -> State:
        """After a call that it does not refuse: the trial's, if it is open."""
        if not self.open_until:
            return self
        return replace(self, trial=token, trial_until=now + trial_ms)

    def after(self, outcome: str, now: int, token: str) -> State:
        """After a call's outcome: FAILED, WELL, or "" where it tells nothing of the server."""
        if self.open_until:
            if not token or token != self.trial:
                return self  # it began before; the trial decides
            if outcome == WELL:
                return State()
            until = now + int(OPEN_SECONDS * 1000) if outcome == FAILED else self.open_until
            return replace(self, open_until=until, trial_until=0, trial="")
        recent = (self.recent + outcome)[-WINDOW:]
        if recent.endswith(FAILED * FAILURES) or recent.count(FAILED) >= MOST:
            return State(recent, now + int(OPEN_SECONDS * 1000))
        return replace(self, recent=recent if FAILED in recent else "")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a breaker stands, for people: ``retry_after`` are the seconds until it may let a call
    through, ``failures`` those at the end of the last calls. ``shared``: known from Redis."""

    name: str
    state: Literal["closed", "open", "half_open"]
    failures: int
    retry_after: float
    shared: bool


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one call, whose outcome is to be told once: ``succeeded``, ``failed``, or ``left``
    where it told nothing of the server. ``token`` is "" but for a trial."""

    breaker: Breaker
    token: str

    @property
    def trial(self) -> bool:
        """Whether this call alone decides whether the breaker closes."""
        return bool(self.token)

    def succeeded(self) -> None:
        """The server does what it should; also where it told that a document was at fault."""
        self.breaker._outcome(WELL, self.token)

    def failed(self) -> None:
        """The server is away, fails, or answers nothing usable."""
        self.breaker._outcome(FAILED, self.token)

    def left(self) -> None:
        """Nothing was learnt: the call was given up, or refused for other reasons."""
        self.breaker._outcome("", self.token)

    def keep(self) -> None:
        """A trial that goes on: what is later than ``TRIAL_SECONDS`` counts from here."""
        if self.token:
            self.breaker._keep(self.token)


class Breaker:
    """The breaker of that name, in every process that shares the Redis.

    ``redis`` opens its client for a few commands; None: this process is alone. ``clock`` tells
    seconds; by default it is Redis' own, and without Redis this process's.
    """

    def __init__(
        self,
        name: str,
        redis: Redis | None = None,
        clock: Callable[[], float] | None = None,
        trial_seconds: float = TRIAL_SECONDS,
    ) -> None:
        self.name = name
        self._key = f"breaker:{name}"
        self._redis = redis
        self._clock = clock
        self._trial_ms = int(trial_seconds * 1000)
        self._lock = threading.Lock()
        self._own = State()  # by this process's clock: what it knows without Redis
        self._seen = ""  # what Redis last held
        self._apart = False  # whether its own state has gone on without Redis since

    def admit(self) -> Permit:
        """Leave to make a call. Raises ``EngineUnavailable`` with the seconds to wait."""
        token = secrets.token_hex(8)

        def decide(state: State, now: int) -> State:
            return state if state.refuses(now) else state.admitting(now, token, self._trial_ms)

        state, now, _ = self._change(decide)
        if state.open_until and state.trial != token:
            raise self._refusal(state, now)
        return Permit(self, state.trial if state.trial == token else "")

    def _refusal(self, state: State, now: int) -> EngineUnavailable:
        seconds = max(math.ceil(state.refuses(now) / 1000), 1)
        if now >= state.open_until:  # the trial may be over at any moment
            seconds = min(seconds, AFTER_TRIAL_SECONDS)
        return EngineUnavailable(
            f"{self.name} has failed too often; it is tried again in {seconds} seconds",
            retry_after=seconds,
        )

    def check(self) -> None:
        """Raises as ``admit`` while it is open and no trial is due; lets nothing through."""
        state, now, _ = self._change(lambda state, now: state)
        if now < state.open_until:
            raise self._refusal(state, now)

    def state(self) -> Standing:
        """How it stands; nothing is changed."""
        state, now, shared = self._change(lambda state, now: state)
        left = state.refuses(now)
        failures = len(state.recent) - len(state.recent.rstrip(FAILED))
        kind: Literal["closed", "open", "half_open"] = "closed"
        if state.open_until:
            kind = "open" if now < state.open_until else "half_open"
        return Standing(self.name, kind, failures, left / 1000, shared)

    def reset(self) -> Standing:
        """Close it, whatever it has seen; returns how it stood. Raises redis.RedisError: where
        Redis does not answer, the others would not hear of it."""
        stood = self.state()
        if self._redis is not None:
            with self._redis() as client:
                client.ping()
        self._change(lambda state, now: State(), always=True)
        return stood

    def _outcome(self, outcome: str, token: str) -> None:
        def decide(state: State, now: int) -> State:
            return state.after(outcome, now, token)

        before = self._own.open_until
        state, _, _ = self._change(decide)
        if bool(before) != bool(state.open_until):
            logger.warning(
                "the breaker of %s %s", self.name, "opens" if state.open_until else "closes"
            )

    def _keep(self, token: str) -> None:
        def decide(state: State, now: int) -> State:
            return state.admitting(now, token, self._trial_ms) if state.trial == token else state

        self._change(decide)

    def _change(
        self, decide: Callable[[State, int], State], *, always: bool = False
    ) -> tuple[State, int, bool]:
        """Make the state what ``decide`` says, in Redis where it answers.

        Returns the state, the time, and whether they are Redis'. It is written where it differs, or
        ``always``.
        """
        if self._redis is not None:
            from redis import RedisError

            try:
                with self._redis() as client:
                    for _ in range(TRIES):
                        if (found := self._replaced(client, decide, always)) is not None:
                            return *found, True
            except RedisError as error:
                logger.debug("the breaker of %s is not shared: %s", self.name, error)
        with self._lock:
            now = self._here()
            state = decide(self._own, now)
            if state != self._own:
                self._own, self._apart = state, True
            return state, now, False

    def _replaced(
        self, client: Any, decide: Callable[[State, int], State], always: bool
    ) -> tuple[State, int] | None:
        """The state that Redis holds from now on, and its time; None where another was faster."""
        now, held = self._asked(client)
        with self._lock:
            ahead = now - self._here()
            if held and not (self._apart and held == self._seen):
                base = State.decoded(held)
            else:  # nobody has told anything newer, or Redis has lost it
                base = self._own.later(ahead)
        state = decide(base, now)
        text = state.encoded()
        if always or text != (held or State().encoded()):
            kept = KEPT_SECONDS * 1000 + state.refuses(now)
            if not client.eval(_REPLACE, 1, self._key, held, text, kept):
                return None
            held = text
        with self._lock:
            self._own, self._apart, self._seen = state.later(-ahead), False, held
        return state, now

    def _asked(self, client: Any) -> tuple[int, str]:
        """The time in milliseconds and what Redis holds, in one step."""
        (seconds, micros), held = client.pipeline().time().get(self._key).execute()
        now = seconds * 1000 + micros // 1000
        if self._clock is not None:
            now = int(self._clock() * 1000)
        if isinstance(held, bytes):
            held = held.decode("ascii", "replace")
        return now, held or ""

    def _here(self) -> int:
        """Milliseconds by this process's clock."""
        return int((self._clock or time.monotonic)() * 1000)


@cache
def breaker_of(engine: str, redis: Redis | None) -> Breaker:
    """The breaker before that engine: one a process, for its memory of what it saw."""
    return Breaker(engine, redis)
