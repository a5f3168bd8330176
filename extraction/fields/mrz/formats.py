"""What stands where in a machine-readable zone, and its check digits.

After ICAO Doc 9303, parts 3 to 7: TD1 (3 lines of 30 characters), TD2 (2 of 36), TD3 (2 of 44) and
the visas MRV-A (2 of 44) and MRV-B (2 of 36).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FILLER = "<"
WEIGHTS = (7, 3, 1)
CHARACTER = {**{str(n): n for n in range(10)}, **{chr(55 + n): n for n in range(10, 36)}, "<": 0}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the zone: ``start`` to ``end`` in line ``line``; ``kind`` tells its characters.

    ``check`` is where the part's check digit stands in the line, or None. Kinds: "a" letters,
    "n" digits, "x" either.
    """

    name: str
    line: int
    start: int
    end: int
    kind: str
    check: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A layout of the zone. ``kinds`` are the first letters of its documents' types.

    ``composite`` are the runs (line, start, end) under the last check digit, which ends them.
    """

    name: str
    kinds: str
    lines: int
    length: int
    parts: tuple[Part, ...]
    composite: tuple[tuple[int, int, int], ...] = ()


def _second(optional_end: int, optional_check: int | None = None) -> tuple[Part, ...]:
    """The parts that the second line of all formats with two lines has."""
    return (
        Part("document_number", 1, 0, 9, "x", 9),
        Part("nationality", 1, 10, 13, "a"),
        Part("birth_date", 1, 13, 19, "n", 19),
        Part("sex", 1, 20, 21, "a"),
        Part("expiry_date", 1, 21, 27, "n", 27),
        Part("optional_data", 1, 28, optional_end, "x", optional_check),
    )


def _first(length: int) -> tuple[Part, ...]:
    return (
        Part("document_type", 0, 0, 2, "a"),
        Part("issuing_country", 0, 2, 5, "a"),
        Part("names", 0, 5, length, "a"),
    )


TD1 = Format(
    "TD1", "IAC", 3, 30,
    (
        Part("document_type", 0, 0, 2, "a"),
        Part("issuing_country", 0, 2, 5, "a"),
        Part("document_number", 0, 5, 14, "x", 14),
        Part("optional_data", 0, 15, 30, "x"),
        Part("birth_date", 1, 0, 6, "n", 6),
        Part("sex", 1, 7, 8, "a"),
        Part("expiry_date", 1, 8, 14, "n", 14),
        Part("nationality", 1, 15, 18, "a"),
        Part("optional_data_2", 1, 18, 29, "x"),
        Part("names", 2, 0, 30, "a"),
    ),
    ((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 30)),
)  # fmt: skip
TD2 = Format(
    "TD2", "IAC", 2, 36, (*_first(36), *_second(35)), ((1, 0, 10), (1, 13, 20), (1, 21, 36))
)
TD3 = Format(
    "TD3", "P", 2, 44, (*_first(44), *_second(42, 42)), ((1, 0, 10), (1, 13, 20), (1, 21, 44))
)
MRV_A = Format("MRV-A", "V", 2, 44, (*_first(44), *_second(44)))
MRV_B = Format("MRV-B", "V", 2, 36, (*_first(36), *_second(36)))
FORMATS = (TD1, TD2, TD3, MRV_A, MRV_B)


def check_digit(characters: str) -> int:
    """The check digit of characters: weights 7, 3, 1, modulo 10 (Doc 9303-3, 4.9)."""
    return sum(CHARACTER[c] * WEIGHTS[n % 3] for n, c in enumerate(characters)) % 10


def is_right(characters: str, digit: str) -> bool:
    """Whether the digit is the characters' check digit."""
    return digit.isdigit() and check_digit(characters) == int(digit)


def piece(lines: Sequence[str], part: Part) -> str:
    """The characters of a part."""
    return lines[part.line][part.start : part.end]
