"""A model's answer as tokens: text, line ends, tags, and what has a syntax of its own.

Text of tokens holds three marks of ours, control characters that no answer keeps: what stands
between ``OPEN`` and ``SHUT`` is data whatever it looks like (code, formulas, escaped characters),
and ``BREAK`` is a line break within a line of source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from extraction.formats.characters import clean
from extraction.tags.vocabulary import LOOKS, TAG, normal, without_cut_off_tag

OPEN, SHUT, BREAK = "\x02", "\x03", "\x04"

Kind = Literal["text", "newline", "tag", "picture", "equation", "diagram", "code"]


@dataclass(slots=True)
class Token:
    """A piece of the answer.

    ``text`` is the text, a tag's attributes, what a picture shows, an equation's LaTeX, or the
    source of a diagram or program; ``name`` a tag's, ``closes`` whether it is an end tag, ``blank``
    whether a blank line follows a newline. ``source`` is an equation as it was written.
    """

    kind: Kind
    text: str = ""
    name: str = ""
    closes: bool = False
    blank: bool = False
    source: str = ""


_ENVIRONMENTS = "equation|displaymath|align|alignat|eqnarray|flalign|gather|multline"
_PLAIN_ENVIRONMENTS = {"equation", "displaymath"}  # which do nothing but display
_MARKUP = {"markdown", "md", "html"}
_LATEX = {"latex", "tex", "math", "katex"}
_TOKEN = re.compile(
    r"(?P<newline>\n(?:[ \t]*+\n)*+)"
    r"|(?P<fence>^[ \t]{0,3}(?P<ticks>`{3,})[ \t]*+(?P<language>[^`\n]*+)$\n?)"
    r"|(?<!`)(?:`(?P<code1>[^`\n]++)`|``(?P<code2>(?:[^`\n]++|`(?!`))++)``"
    r"|```(?P<code3>[^`\n]++)```)(?!`)"
    rf"|(?P<display>(?<!\$)\$\$(?!\$)|\\\[|\\begin\{{(?P<environment>{_ENVIRONMENTS})\*?\}})"
    r"|(?P<inline>(?<!\$)\$(?=[^\s$])(?:\\.|[^$\\\n])++(?<=\S)\$(?![\d$])"
    r"|\\\((?:\\[^()\n]|[^\\\n])++\\\))"
    r"|\\(?P<escaped>[*_#`|~$<>.!+\-&\]])"
    r"|(?P<picture>!\[(?P<described>[^\[\]\n]*+)\]\([^()\n]*+\))"
    r"|<(?P<raised>su[bp])>(?P<small>[^<\n]{1,20})</(?P=raised)>"
    r"|<!doctype html[^<>]*+>"
    rf"|(?P<tag>{TAG})",
    re.IGNORECASE | re.MULTILINE,
)
_TAG_IN_FORMULA = re.compile(r"</[a-z]|<(?:br|td|th|tr|table)\b", re.IGNORECASE)
_PARAGRAPH_END = r"\n[ \t]*\n"
_CLOSERS = {
    "$$": re.compile(rf"(?P<end>(?<!\$)\$\$(?!\$))|\$\$+|{_PARAGRAPH_END}"),
    "\\[": re.compile(rf"(?P<end>\\\])|\\\[|{_PARAGRAPH_END}"),
    **{
        name: re.compile(rf"(?P<end>\\end\{{{name}\*?\}})|\\begin\{{{name}\*?\}}|{_PARAGRAPH_END}")
        for name in _ENVIRONMENTS.split("|")
    },
}
_FORMULA = re.compile(r"[^\W_]|\\")
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,})[ \t]*([^`\n]*)$", re.MULTILINE)
_SMALL = {
    "sup": str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ"),
    "sub": str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"),
}
_LINE_ENDS = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\x0b": " ", "\x0c": "\n"})
_CONTROL = re.compile(r"[\x7f-\x9f]")
_ENDED_LOOK = re.compile(r"</\s*([abiqsu])\s*>", re.IGNORECASE)
_BLANK = re.compile(r"[ \t]*")
_ONE_NEWLINE = re.compile(r"[ \t]*\n(?![ \t]*\n)")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")


def tokens(markup: str) -> list[Token]:
    """The answer as tokens, in order; every character but marks of markup is in one of them."""
    text = clean(markup.replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_ENDS))
    text = without_cut_off_tag(_unwrapped(_CONTROL.sub("", text)))
    return list(_Scanner(text).run())


def data(text: str) -> str:
    """The text between our marks, so that nothing in it is markup."""
    return f"{OPEN}{text}{SHUT}"


class _Scanner:
    """Goes through the text once; ``kept`` is the text since the last token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kept: list[str] = []
        self.ended = {name.lower() for name in _ENDED_LOOK.findall(text)}
        self.wrapped = 0  # fences around markup that are open
        self.at = 0
        self.seen = self.line = self.inset = 0  # the line's start and that of what stands in it

    def run(self) -> Iterator[Token]:
        text, find = self.text, _TOKEN.search
        while match := find(text, self.at):
            if match.start() > self.at:
                self.kept.append(text[self.at : match.start()])
            self.at = match.end()
            for token in self._token(match):
                if self.kept:
                    yield Token("text", "".join(self.kept))
                    self.kept.clear()
                yield token
        self.kept.append(text[self.at :])
        yield Token("text", "".join(self.kept))

    def _token(self, match: re.Match[str]) -> Iterator[Token]:
        """The token that begins here, if it is none that only adds to the text."""
        kind = match.lastgroup
        if kind == "newline":
            yield Token("newline", blank=match.group().count("\n") > 1)
        elif kind == "tag":
            yield from self._tag(match)
        elif kind == "fence":
            yield from self._fence(match)
        elif kind == "display":
            yield from self._display(match)
        elif kind == "picture":
            yield Token("picture", match["described"])
        elif kind == "inline":
            self._formula(match)
        elif kind == "escaped":
            self.kept.append(data(match["escaped"]))
        elif kind == "small":
            small = match["small"]
            raised = small.translate(_SMALL[match["raised"].lower()])
            plain = any(a == b for a, b in zip(small, raised, strict=True))
            self.kept.append(small if plain else raised)
        elif kind in ("code1", "code2", "code3"):
            self.kept.append(data(match[kind]))

    def _tag(self, match: re.Match[str]) -> Iterator[Token]:
        name, closes = (
            normal(match["loose"] or match["strict"]),
            bool(match["close"] or match["end"]),
        )
        if name == "br":
            self.kept.append(BREAK)
            newline = _ONE_NEWLINE.match(self.text, self.at)
            if newline and not self._in_row(match.start()):
                self.at = newline.end()  # one break, not two
        elif name in LOOKS:
            if len(name) == 1 and not closes and name not in self.ended:
                self.kept.append(data(match.group()))
        else:
            yield Token("tag", match["attributes"] or "", name, closes)

    def _fence(self, match: re.Match[str]) -> Iterator[Token]:
        """A fenced block, to its closing fence or the end; around markup the fences alone go."""
        words = match["language"].split()
        language = words[0].lower().strip("{}.") if words else ""
        if language in _MARKUP:
            self.wrapped += 1
            yield Token("newline", blank=True)
            return
        if not language and self.wrapped:
            self.wrapped -= 1
            yield Token("newline", blank=True)
            return
        closing = re.compile(rf"^[ \t]{{0,3}}`{{{len(match['ticks'])},}}[ \t]*$\n?", re.MULTILINE)
        end = closing.search(self.text, self.at)
        content = self.text[self.at : end.start() if end else len(self.text)].rstrip()
        self.at = end.end() if end else len(self.text)
        if language == "mermaid":
            yield Token("diagram", content)
        elif language in _LATEX:
            yield Token("equation", _without_delimiters(content), source=content)
        else:
            yield Token("code", content)

    def _display(self, match: re.Match[str]) -> Iterator[Token]:
        """A displayed formula, where its end is found within the paragraph, else text."""
        opening, environment = match["display"], match["environment"]
        name = environment.lower() if environment else opening
        found = _CLOSERS[name].search(self.text, self.at)
        closed = found is not None and found["end"] is not None
        to = found.start() if found else len(self.text)
        latex = self.text[self.at : to].strip()
        source = self.text[match.start() : found.end() if found and closed else to]
        self._look(match.start())
        begins = self.inset == match.start()
        if not _FORMULA.search(latex) or not (closed or (found is None and begins)):
            self.kept.append(data(opening if opening != "\\[" else "["))
            return
        self.at = match.start() + len(source)
        alone = begins and _LINE_END.match(self.text, self.at)
        if opening == "\\[" and "\\" not in latex and not alone:  # an escaped bracket
            self.kept.append(data("["))
            self.at = match.end()
            return
        if self._in_row(match.start()):
            self.kept.append(data(source))
            return
        if environment and name not in _PLAIN_ENVIRONMENTS:
            latex = source
        yield Token("equation", latex, source=source)

    def _formula(self, match: re.Match[str]) -> None:
        """A formula in the line stays as it is written, unless there are tags in it: then not."""
        formula = match.group()
        if _TAG_IN_FORMULA.search(formula):
            self.kept.append(data(formula[0]))
            self.at = match.start() + 1
        else:
            self.kept.append(data(formula))

    def _in_row(self, at: int) -> bool:
        """Whether the line there is a row of a Markdown table."""
        self._look(at)
        return self.text.startswith("|", self.inset)

    def _look(self, at: int) -> None:
        """Find the beginning of the line there; never looks back, so that long lines cost once."""
        newline = self.text.rfind("\n", self.seen, at)
        self.seen = max(self.seen, at)
        if newline >= 0 or not self.inset:
            self.line = newline + 1 if newline >= 0 else self.line
            blank = _BLANK.match(self.text, self.line)
            self.inset = blank.end() if blank else self.line


def _without_delimiters(latex: str) -> str:
    text = latex.strip()
    for opening, closing in (("$$", "$$"), ("\\[", "\\]"), ("$", "$")):
        inner = text[len(opening) : -len(closing)]
        if text.startswith(opening) and text.endswith(closing) and opening not in inner:
            return inner.strip() or text
    return text


def _unwrapped(text: str) -> str:
    """The text without a fence of markup around all of it."""
    text = text.strip("\n")
    fences = list(_FENCE.finditer(text))
    if len(fences) < 2 or fences[0].start() or fences[-1].end() < len(text.rstrip()):
        return text
    first, last = fences[0], fences[-1]
    if first[2].strip().lower() not in _MARKUP or last[2].strip() or len(fences) % 2:
        return text
    inner = [not fence[2].strip() for fence in fences[1:-1]]
    if not all(inner[1::2]):  # each that opens must be followed by one that closes
        return text
    return text[first.end() : last.start()]
