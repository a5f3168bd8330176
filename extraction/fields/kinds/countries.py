"""Countries: by name in the languages of documents, or by code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extraction.fields.kinds.hit import UNKNOWN, Hit, Writing

WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’](?=[^\W\d_]))*\.?")
CODE = re.compile(r"(?<![\w-])[A-Z]{2,3}(?![\w-])")
MOST_WORDS = 6
MOST_LOOKED_AT = 60  # words of a line


def find_countries(text: str, writing: Writing = UNKNOWN) -> Iterator[Hit]:
    """Names from left to right, else codes; surest where nothing else stands in the text."""
    from extraction.fields.kinds.languages import countries, country_of_code, plain

    words = list(WORD.finditer(text))[:MOST_LOOKED_AT]
    named, index = False, 0
    while index < len(words):
        step = 1
        for count in range(min(MOST_WORDS, len(words) - index), 0, -1):
            start, end = words[index].start(), words[index + count - 1].end()
            code = countries().get(plain(text[start:end]))
            if code and text[start].isupper():
                alone = text[start:end] == text.strip()
                yield Hit(start, end, code, 1.0 if alone else 0.8)
                named, step = True, count
                break
        index += step
    if named:
        return
    for match in CODE.finditer(text):
        code = country_of_code(match[0])
        if code:
            yield Hit(match.start(), match.end(), code, 0.9 if match[0] == text.strip() else 0.6)
