"""The characters that may leave the house: what every output and the database can carry."""

from __future__ import annotations

import re

# Everything outside XML 1.0's Char production (https://www.w3.org/TR/xml/#charsets). It holds all
# that PostgreSQL's text and JSONB refuse (NUL, lone surrogates), so one rule serves every format.
_NOT_ALLOWED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACES = "\v\f\x1c\x1d\x1e\x1f"


def clean(text: str) -> str:
    """The text with control characters removed and lone surrogates replaced by U+FFFD.

    Control characters that separate words (vertical tab, form feed, ...) become a space. Text
    without such characters is returned as it is. Every format cleans before it escapes, so that
    a removed character cannot hide another one from the escaping.
    """
    return _NOT_ALLOWED.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SPACES:
        return " "
    return "\ufffd" if "\ud800" <= character <= "\udfff" else ""
