"""What the API says in English, said on pages in the language of the page.

Errors tell in a sentence of English what happened (`detail`); programs get it as it is. A page
looks it up among the sentences with a translation, where ``%(name)s`` stands for what differs from
time to time. One that nobody has translated is left out, for title and advice say the most of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from django.utils.translation import get_language, gettext

from accounts.numerals import numeral

LONGEST = 500  # characters: what differs may be anybody's, and a longer text takes long to match
_NUMBER = re.compile(r"\d{1,3}(,\d{3})+|\d+")


class Sentences:
    """Sentences that may be said; the first that fits counts."""

    def __init__(self, messages: Iterable[str]) -> None:
        self._messages = tuple(messages)

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """Made when a page first needs them."""
        return [(_pattern(message), message) for message in self._messages]

    def said(self, english: str) -> str:
        """The sentence in the language of the page, "" where it has none."""
        if get_language() == "en":
            return english
        if len(english) > LONGEST:
            return ""
        for pattern, message in self._patterns:
            if found := pattern.fullmatch(english):
                parts = {name: _part(text) for name, text in found.groupdict().items()}
                return gettext(message) % parts if parts else gettext(message)
        return ""


def _pattern(message: str) -> re.Pattern[str]:
    """Matches the message with anything in place of what differs."""
    pieces = re.split(r"%\((\w+)\)s", message)
    texts, names = pieces[::2], pieces[1::2]
    pattern = re.escape(texts[0])
    for name, text in zip(names, texts[1:], strict=True):
        pattern += f"(?P<{name}>.+?){re.escape(text)}"
    return re.compile(pattern, re.DOTALL)


def _part(text: str) -> str:
    return numeral(int(text.replace(",", ""))) if _NUMBER.fullmatch(text) else text
