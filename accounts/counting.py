"""Calls counted in sliding windows and token buckets: in Redis, or here while Redis is away.

One script looks at every window and bucket of every subject and counts the call in all of them or
in none, on Redis' own clock, so that neither the number of web processes nor their clocks matter.

A window of length W is cut into 60 slots, and a call counts until its whole slot has left the
window. So no span of W ever sees more calls than the limit, and a call counts at most W / 60 too
long (a second of a minute, 24 minutes of a day). A subject costs at most 183 slots, a few hundred
bytes, however high its limits: a log of single calls would grow with them. The libraries at hand
(limits, throttled-py) have windows or a bucket, each in a step of its own, which spends the day's
calls on those that the minute refuses.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import redis
from redis.commands.core import Script

from accounts.rates import SECONDS, Rates
from accounts.shared_redis import SharedRedis

SLOTS = 60
MAX_SUBJECTS = 20_000  # remembered while Redis is away
NAMES = (*SECONDS, "burst")  # what each subject is told of, in this order

# KEYS: one a subject. ARGV: the windows' lengths in ms, then each subject's Rates.numbers.
# A state: the bucket's level (calls not yet leaked) and when that was; then each window: its calls,
# then each slot's end and calls, oldest first. Times in ms.
SCRIPT = """
local SLOTS = 60
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lengths = {tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])}
local told, states, admitted = {math.floor(now)}, {}, true

local function tell(used, limit, reset)
  if used >= limit then admitted = false end
  told[#told + 1] = used
  told[#told + 1] = math.ceil(reset)
end

for n, key in ipairs(KEYS) do
  local packed = redis.call('GET', key)
  local state = packed and cmsgpack.unpack(packed) or {0, now, {0}, {0}, {0}}
  for w = 1, 3 do
    local limit, length, slots = tonumber(ARGV[4 * n + w - 1]), lengths[w], state[2 + w]
    -- the clock has been put back by more than the window
    if #slots > 1 and slots[#slots - 1] > now + length then slots = {0} end
    local first, calls = 2, slots[1]
    while first < #slots and slots[first] + length <= now do
      calls = calls - slots[first + 1]
      first = first + 2
    end
    if first > 2 then
      local kept = {calls}
      for i = first, #slots do kept[#kept + 1] = slots[i] end
      slots = kept
    end
    local reset, rest = limit == 0 and length or 0, calls
    for i = 2, #slots, 2 do
      rest = rest - slots[i + 1]
      if rest < math.min(calls, limit) then
        reset = slots[i] + length - now
        break
      end
    end
    state[2 + w] = slots
    tell(calls, limit, reset)
  end
  local burst = tonumber(ARGV[4 * n + 3])
  local rate = math.max(tonumber(ARGV[4 * n]), 1) / lengths[1]
  local level = state[1] - math.max(now - state[2], 0) * rate
  if level < 0 or state[2] > now + lengths[1] then level = 0 end
  local used = math.ceil(level - 0.000001)
  tell(used, burst, used > 0 and (level - math.min(used, burst) + 1) / rate or 0)
  state[1] = level
  states[n] = state
end

if admitted then
  for n, key in ipairs(KEYS) do
    local state = states[n]
    state[1], state[2] = state[1] + 1, now
    for w = 1, 3 do
      local width, slots = lengths[w] / SLOTS, state[2 + w]
      local ends = (math.floor(now / width) + 1) * width
      slots[1] = slots[1] + 1
      if #slots > 1 and slots[#slots - 1] >= ends then
        slots[#slots] = slots[#slots] + 1
      else
        slots[#slots + 1] = ends
        slots[#slots + 1] = 1
      end
    end
    redis.call('SET', key, cmsgpack.pack(state), 'PX', math.ceil(lengths[3] * (1 + 1 / SLOTS)))
  end
end
return table.concat(told, ' ')
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose calls are counted together, and how many are allowed; ``key`` is its name in Redis."""

    key: str
    rates: Rates


@dataclass(frozen=True, slots=True)
class Reading:
    """One window or bucket of a subject, as it was before this call.

    ``reset``: ms until it has room for one more call than now; where ``used`` has reached
    ``limit``, until it admits one.
    """

    subject: Subject
    name: str
    limit: int
    used: int
    reset: int

    @property
    def full(self) -> bool:
        """Whether it refuses the call."""
        return self.used >= self.limit


@dataclass(frozen=True, slots=True)
class Count:
    """What was found at ``now`` (ms since 1970); the call was counted if nothing was full."""

    now: int
    readings: tuple[Reading, ...]


class RedisCounts:
    """Counts that all processes share."""

    def __init__(self, server: SharedRedis) -> None:
        self._server = server
        self._script: Script | None = None

    def count(self, subjects: Sequence[Subject]) -> Count:
        """Count a call of all subjects, or of none. Raises redis.RedisError."""
        numbers = [number for subject in subjects for number in subject.rates.numbers]
        with self._server.asked() as client:
            if self._script is None:
                self._script = client.register_script(SCRIPT)
            reply = self._script(
                keys=[subject.key for subject in subjects], args=[*_lengths(), *numbers]
            )
        now, *told = map(int, reply.split())  # one text: a list costs redis-py a read an element
        return Count(now, _readings(subjects, told))


@dataclass(slots=True)
class _State:
    level: float
    at: float
    windows: list[list[tuple[float, int]]]


class MemoryCounts:
    """Counts of this process alone, by the script's rules, of the newest ``MAX_SUBJECTS``."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, _State] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, subjects: Sequence[Subject]) -> Count:
        """Count a call of all subjects, or of none."""
        with self._lock:
            now = int(time.time() * 1000)
            told: list[int] = []
            states = [self._look(subject, now, told) for subject in subjects]
            readings = _readings(subjects, told)
            if not any(reading.full for reading in readings):
                for subject, state in zip(subjects, states, strict=True):
                    _add(state, now)
                    self._states[subject.key] = state
                    self._states.move_to_end(subject.key)
                while len(self._states) > MAX_SUBJECTS:
                    self._states.popitem(last=False)
        return Count(now, readings)

    def _look(self, subject: Subject, now: int, told: list[int]) -> _State:
        state = self._states.get(subject.key) or _State(0, now, [[], [], []])
        lengths, rates, windows = _lengths(), subject.rates, []
        for length, limit, slots in zip(lengths, rates.numbers[:3], state.windows, strict=True):
            if slots and slots[-1][0] > now + length:  # the clock has been put back
                slots = []
            kept = [(end, n) for end, n in slots if end + length > now]
            rest = count = sum(n for _, n in kept)
            reset: float = 0 if limit else length
            for end, n in kept:
                rest -= n
                if rest < min(count, limit):
                    reset = end + length - now
                    break
            windows.append(kept)
            told += [count, math.ceil(reset)]
        rate = max(rates.minute, 1) / lengths[0]
        level = max(state.level - max(now - state.at, 0) * rate, 0)
        if state.at > now + lengths[0]:
            level = 0
        used = math.ceil(level - 1e-6)
        reset = (level - min(used, rates.burst) + 1) / rate if used > 0 else 0
        told += [max(used, 0), math.ceil(reset)]
        return _State(level, now, windows)


def _add(state: _State, now: int) -> None:
    state.level += 1
    for slots, length in zip(state.windows, _lengths(), strict=True):
        width = length / SLOTS
        end = (now // width + 1) * width
        if slots and slots[-1][0] >= end:
            slots[-1] = (slots[-1][0], slots[-1][1] + 1)
        else:
            slots.append((end, 1))


@dataclass(slots=True)
class Counts:
    """Counts in Redis; while that is away, in this process."""

    shared: RedisCounts
    own: MemoryCounts = field(default_factory=MemoryCounts)

    def count(self, subjects: Sequence[Subject]) -> Count:
        """Count a call of all subjects, or of none."""
        try:
            return self.shared.count(subjects)
        except redis.RedisError:
            return self.own.count(subjects)


def _lengths() -> list[int]:
    """The windows' lengths in ms."""
    return [round(seconds * 1000) for seconds in SECONDS.values()]


def _readings(subjects: Sequence[Subject], told: Sequence[int]) -> tuple[Reading, ...]:
    places = [
        (subject, name, limit)
        for subject in subjects
        for name, limit in zip(NAMES, subject.rates.numbers, strict=True)
    ]
    pairs = zip(told[::2], told[1::2], strict=True)
    return tuple(Reading(*place, *pair) for place, pair in zip(places, pairs, strict=True))
