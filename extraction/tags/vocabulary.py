"""The tags that mean something, and how one is told from text: everything else stays text.

No tag has a ``<`` in it but within quotes and before what is no name, so a search for one never
looks beyond the next, and the work stays linear.
"""

from __future__ import annotations

import re

from extraction.types import BlockKind

# Tags around a text that becomes a block of its own
BLOCKS: dict[str, BlockKind] = {
    "img": "figure",
    "watermark": "watermark",
    "page_number": "page_number",
    "signature": "signature",
    "stamp": "stamp",
    "seal": "stamp",
    "header": "header",
    "footer": "footer",
    "footnote": "footnote",
    "caption": "caption",
    "figcaption": "caption",
    "h1": "title",
    "h2": "title",
    "h3": "title",
    "h4": "title",
    "h5": "title",
    "h6": "title",
}
KINDS = {name.replace("_", ""): kind for name, kind in BLOCKS.items()}
WIDE = {"header", "footer", "footnote", "caption", "figcaption"}  # may hold blank lines

CELLS = {"td", "th"}
GROUPS = {"thead", "tbody", "tfoot"}
TABLE_PARTS = {"tr", "colgroup", "col"} | CELLS | GROUPS
LISTS = {"ul", "ol"}
PARTING = {
    *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl"),
    *("dt", "figure", "head", "hr", "html", "main", "nav", "p", "pre", "section", "summary"),
}
# Without any meaning for the text
LOOKS = {
    *("a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark"),
    *("q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var"),
}
NAMES = KINDS.keys() | {"table", "li", "br"} | TABLE_PARTS | LISTS | PARTING | LOOKS


def _pattern(names: set[str]) -> str:
    """The names, longest first; those of four letters and more also with a line break in them."""
    spelled = sorted(names, key=len, reverse=True)
    return "|".join(r"\n?".join(name) if len(name) > 3 else name for name in spelled)


_WRITTEN = {*BLOCKS, "page-number", "pagenumber"}
_SPACE = r"\s{0,9}+"
_QUOTED = r"""(?:"(?:[^"<]|<(?![A-Za-z/]))*+"|'(?:[^'<]|<(?![A-Za-z/]))*+')"""
_STRICT = {*LOOKS, "p"}  # "<i and j>" and "<p value>" are no tags
_LOOSE = (_WRITTEN | {"table", "li", "br"} | TABLE_PARTS | LISTS | PARTING) - {"p"}

TAG = (
    rf"<(?:{_SPACE}(?P<close>/?){_SPACE}"
    rf"(?P<loose>{_pattern(_LOOSE)})(?=[\s/>])(?P<attributes>(?:[^<>\"']++|{_QUOTED}|[\"'])*+)"
    rf"|(?P<end>/?)(?P<strict>{_pattern(_STRICT)})"
    rf"(?:\s++[\w:.-]++\s*+=\s*+(?:{_QUOTED}|[^\s\"'<>=]++))*+\s*+/?"
    r")>"
)
_CUT_OFF = re.compile(r"<(/?)([A-Za-z][\w-]*+|)([^<>]*+)\Z")
_ATTRIBUTE = re.compile(r"""([\w-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")


def normal(name: str) -> str:
    """The name as it stands in the tables above: small letters, nothing between them."""
    return re.sub(r"[\n_-]", "", name).lower()


def attributes(text: str) -> dict[str, str]:
    """The attributes in a tag by their names in small letters; the first of a name counts."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        found.setdefault(match[1].lower(), match[2] or match[3] or match[4] or "")
    return found


def without_cut_off_tag(text: str) -> str:
    """The text without the beginning of a tag that ends it, as where a model had to stop.

    Anything else at the end that begins with ``<`` stays: it must look like one of the tags.
    """
    match = _CUT_OFF.match(text, text.rfind("<")) if "<" in text else None
    if match is None:
        return text
    close, name, rest = match.groups()
    name = normal(name)
    before = text[: match.start()]
    if rest.strip():
        cut = rest[0].isspace() and name in NAMES and (name not in _STRICT or "=" in rest)
    else:
        alone = not before or before[-1] in ">\n"
        begun = any(known.startswith(name) for known in NAMES)
        cut = begun and (bool(close) or len(name) > 1 or alone)
    return before if cut else text
