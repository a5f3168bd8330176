"""Regular expressions that callers bring: accepted only if they end, and stopped if they do not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextvars import ContextVar
from functools import lru_cache
from itertools import pairwise
from typing import Any

MAX_PATTERN = 500  # characters
PATTERN_SECONDS = 0.05  # on one text
ALL_SECONDS = 2.0  # on one document, all patterns together
LONGEST_TEXT = 200  # characters of a line in which a pattern is looked for

_left: ContextVar[float] = ContextVar("seconds left", default=ALL_SECONDS)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import regex  # type: ignore[import-untyped]

    return regex.compile(pattern)


def searched(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text. Raises TimeoutError, and regex.error."""
    return _compiled(pattern).search(text, timeout=PATTERN_SECONDS) is not None


def spans(pattern: str, text: str) -> Sequence[tuple[int, int]]:
    """Where the pattern matches in the text, first to last character, empty matches left out.

    A pattern with groups means its first group. What takes too long matches nothing, and when the
    document's time is over nothing does.
    """
    compiled = _compiled(pattern)
    group = 1 if compiled.groups else 0
    left = _left.get()
    if left <= 0:
        return ()
    started = time.perf_counter()
    try:
        matches = list(compiled.finditer(text[:LONGEST_TEXT], timeout=min(PATTERN_SECONDS, left)))
    except TimeoutError:
        return ()
    finally:
        _left.set(left - (time.perf_counter() - started))
    return [match.span(group) for match in matches if match[group]]


def begin() -> None:
    """A document begins: its patterns have ``ALL_SECONDS``."""
    _left.set(ALL_SECONDS)


def refusal(pattern: object) -> str:
    """Why a pattern is not accepted, "" if it is. It is tried on texts on which bad ones hang."""
    import regex

    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
        return f"is not a text of up to {MAX_PATTERN} characters"
    letters = dict.fromkeys(c for c in pattern if c.isalnum() or c in " -_.@/")
    tried = [*list(letters)[:20], "a", "A", "0", " ", "-"]
    # what a pattern may repeat: one letter, or two by turns
    texts = [one * 40 + "\x01" for one in tried]
    texts += [(one + other) * 20 + "\x01" for one, other in pairwise(tried)]
    texts += [one * (LONGEST_TEXT - 1) + "\x01" for one in tried[:5]]
    try:
        for text in texts:
            searched(pattern, text)
    except regex.error as error:
        return f"is not a regular expression: {error}"[:200]
    except (RecursionError, OverflowError, MemoryError):
        return "is too complicated"
    except TimeoutError:
        return "takes too long on short texts (nested repetition)"
    return ""
