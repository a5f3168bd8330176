"""Lines of one paragraph as running text: where a line was broken, and what stands at the break."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

# Han, kana, bopomofo, their punctuation and full-width forms: written without spaces. Not Hangul.
WIDE = (
    r"[\u2e80-\u2fdf\u2ff0-\u303f\u3040-\u312f\u3190-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\U00020000-\U0003ffff]"
)
# Their signs need no space beside Latin letters either.
WIDE_SIGN = (
    r"[\u3001-\u3003\u3008-\u3011\u3014-\u301f"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff3d\uff5b-\uff60]"
)
WITHOUT_SPACE = re.compile(rf"{WIDE}\n{WIDE}|{WIDE_SIGN}\n|\n{WIDE_SIGN}")
LETTER = r"[^\W\d_]"
PARTED_WORD = re.compile(rf"{LETTER}{{2}}[-‐]\n(?P<rest>{LETTER}+)")
# "Ein- und Ausgang": words after which a hyphen before them stays.
JOINING = re.compile("und|oder|bzw|sowie|and|or|to|et|ou|y|o|u|e|i|en|of|och|eller|og|a|lub")
MIN_WRAPPED = 4  # lines: from so many on their own ends tell at which width they were wrapped
WRAPPED_WORDS = 4  # words a line of them, on average


def joined(above: str, below: str) -> str:
    """Two lines as one text, the second going on with the first.

    Chinese and Japanese go on without a space, others with one. A word parted by a hyphen becomes
    whole where its rest begins with a small letter.
    """
    if above.endswith("\u00ad"):
        return above[:-1] + below
    seam = f"{above[-3:]}\n{below}"
    parted = PARTED_WORD.match(seam)
    if parted and parted["rest"][0].islower() and not JOINING.fullmatch(parted["rest"]):
        return above[:-1] + below
    near = f"{above[-1:]}\n{below[:1]}"
    return above + ("" if WITHOUT_SPACE.match(near) else " ") + below


def wrapped_at(ends: Sequence[float], wanted: Sequence[float], words: int) -> float | None:
    """The right edge at which lines of ``words`` words in all were wrapped, None if it is unsure.

    ``ends`` are the right ends of the lines, ``wanted`` for each but the last where it would have
    ended with the next line's first word. No line may end beyond the edge, and none of those words
    may have fitted.
    """
    if len(ends) < MIN_WRAPPED or words < WRAPPED_WORDS * len(ends):
        return None
    edge = max(ends)
    return edge if edge < min(wanted) else None


def first_line_inset(lefts: Sequence[float], most: float) -> float:
    """How much farther right the first of at least two lines begins than the others, 0 if not.

    At most ``most``; the others begin one below the other.
    """
    others = lefts[1:]
    inset = lefts[0] - min(others)
    aligned = all(abs(a - b) < most / 8 for a, b in pairwise(others))
    return inset if aligned and 0 < inset <= most else 0.0
