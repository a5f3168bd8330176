"""Numbers with a check sum: whether it is right, and misread characters put right by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Check = Callable[[str], object]  # raises stdnum's ValidationError for a wrong number

# What characters are taken for in reading.
DIGIT_FOR = {"O": "0", "I": "1", "L": "1", "S": "5", "B": "8"}
LETTER_FOR = {"0": "O", "1": "I", "5": "S", "8": "B"}
GROUP_END = re.compile(r"(?<=[A-Z0-9])(?![A-Z0-9])", re.IGNORECASE)

RIGHT, WRONG, OTHER = "right", "wrong", "other"
MENDED = "mended_by_checksum"


def verdict(check: Check, number: str) -> str:
    """``RIGHT``, ``WRONG`` where the form is right and the number is not, ``OTHER`` for no form."""
    from stdnum.exceptions import InvalidFormat, ValidationError

    try:
        check(number)
    except InvalidFormat:
        return OTHER
    except ValidationError:
        return WRONG
    return RIGHT


def mended(check: Check, number: str, *, fixed: int = 0) -> str | None:
    """The number with confused characters replaced, if exactly one way makes it right.

    Letters become digits, one of them or all; digits become letters only in a number of wrong form,
    one at a time. A wrong digit in a number of right form stays a wrong digit. The first ``fixed``
    characters stay.
    """
    head, body = number[:fixed], number[fixed:]
    ways = {head + "".join(DIGIT_FOR.get(each, each) for each in body)}
    confused = dict(DIGIT_FOR)
    if verdict(check, number) == OTHER:
        confused |= LETTER_FOR
    for index, character in enumerate(body):
        if character in confused:
            ways.add(head + body[:index] + confused[character] + body[index + 1 :])
    right = [way for way in ways - {number} if verdict(check, way) == RIGHT]
    return right[0] if len(right) == 1 else None


def group_ends(text: str, start: int, longest: int, least: int = 5) -> Iterator[int]:
    """Where a number of groups beginning at ``start`` may end, the longest first."""
    piece = text[start : start + longest + 1]
    ends = [match.start() for match in GROUP_END.finditer(piece)]
    return (start + end for end in reversed(ends) if least <= end <= longest)


def compact(text: str) -> str:
    """The letters and digits alone, in capitals."""
    return re.sub(r"[^A-Z0-9]", "", text.upper())
