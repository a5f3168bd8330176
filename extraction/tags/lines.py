"""Lines of Markdown to blocks, by what CommonMark and GitHub say but where pages say otherwise.

A line of source is a line of the page, so line breaks are kept. Dashes or equals signs under a line
are no heading (receipts are full of them), four spaces no code, ``+`` no bullet, and a dash before
nothing but a number is a minus.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extraction.tags.boxes import boxes_in
from extraction.tags.inline import plain
from extraction.tags.pipes import is_delimiter, is_row, pipe_table
from extraction.tags.reader import MAX_DEPTH, Entry, SourceLine
from extraction.tags.scanner import BREAK
from extraction.types import Block

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
_CLOSING_HASHES = re.compile(r"[ \t]#+[ \t]*\Z")
_QUOTE = re.compile(r" {0,3}(?:>(?: |\Z|(?=>)))+(?!\s*\d)")
_BULLETS = "•‣◦▪●○■►➢"
_ITEM = re.compile(
    rf"[ \t]*(?:(?P<bullet>[-*–—·∙{_BULLETS}])|(?P<number>\(?(?:\d{{1,3}}|[a-z])[.)]))"
    rf"(?:[ \t]+|(?<=[{_BULLETS}]))(?P<text>\S.*)"
)
_NUMBER = re.compile(r"[-+(]?[€$£¥]?[ \d.,'’]*\d[ \d.,'’]*(?:%|[€$£¥]|[A-Z]{3})?[-)]?")
_FIRST = {"1.", "1)", "(1)", "a.", "a)", "(a)"}  # items that may follow a paragraph's line


@dataclass(slots=True)
class _Item:
    level: int
    mark: str
    texts: list[str]

    def line(self) -> str:
        """The item as a line of the list's text."""
        text = plain(" ".join(self.texts)).replace("\n", " ")
        return f"{'  ' * self.level}{self.mark} {text}"


def blocks(entries: Iterable[Entry]) -> list[Block]:
    """The blocks of the lines and those that are ones already, in order."""
    assembler = _Assembler()
    for entry in entries:
        if isinstance(entry, Block):
            assembler.end()
            assembler.out.append(entry)
        elif BREAK in entry.text and not is_row(entry.text):
            first, *rest = entry.text.split(BREAK)
            if _HEADING.match(first):
                assembler.add(SourceLine(entry.text.replace(BREAK, " "), entry.mark, entry.depth))
                continue
            assembler.add(SourceLine(first, entry.mark, entry.depth))
            for text in rest:
                assembler.add(SourceLine(text))
        else:
            assembler.add(entry)
    assembler.end()
    return assembler.out


class _Assembler:
    """Collects the lines of a paragraph, a list's items or a table's rows until they end."""

    def __init__(self) -> None:
        self.out: list[Block] = []
        self.paragraph: list[str] = []
        self.rows: list[str] = []
        self.items: list[_Item] = []
        self.starts: list[int] = []  # where the items of each level begin that are open
        self.sources: list[str] = []  # the list's lines as they were written
        self.blank = self.quoted = False
        self.ticked_item = False  # the last block is a check box that was a list's item

    def add(self, line: SourceLine) -> None:
        """The next line."""
        if line.mark:
            self._marked(line)
            return
        text = line.text.rstrip()
        if not text:
            if not self.items:
                self.end()
            self.blank = True
            return
        quote = _QUOTE.match(text)
        if bool(quote) != self.quoted:
            self.end()
            self.quoted = bool(quote)
        if quote:
            text = text[quote.end() :]
        if text.strip():
            self._line(text)
        else:
            self.end()
            self.quoted = bool(quote)
        self.blank = False

    def _line(self, text: str) -> None:
        if self._row(text):
            return
        if _is_break(text):
            self.end()
        elif heading := _HEADING.fullmatch(text):
            self.end()
            title = plain(_CLOSING_HASHES.sub("", heading[2])).replace("\n", " ")
            self.out.append(Block("", "title", title, level=min(len(heading[1]), 4)))
        elif (item := _ITEM.fullmatch(text)) and self._is_item(item):
            self._item(item)
        elif self._goes_on(text):
            return
        elif boxes := boxes_in(text.strip()):
            self._boxes(boxes)
        else:
            if self.items:
                self.end()
            self.paragraph.append(text)

    def _row(self, text: str) -> bool:
        """Take the line as a row of a table, if it is one."""
        if self.rows and (is_row(text) or ("|" in text and not is_row(self.rows[0]))):
            self.rows.append(text)
            return True
        if is_row(text):
            self.end()
            self.rows.append(text)
            return True
        if self.rows:
            self.end()
        if self.paragraph and "|" in text and "|" in self.paragraph[-1] and is_delimiter(text):
            header = self.paragraph.pop()
            self.end()
            self.rows = [header, text]
            return True
        return False

    def _is_item(self, item: re.Match[str]) -> bool:
        """Whether the line is an item where it stands, not a number or a paragraph's line."""
        if item["bullet"]:
            return item["bullet"] not in "-–—*" or not _NUMBER.fullmatch(item["text"].strip())
        return bool(self.items) or not self.paragraph or item["number"] in _FIRST

    def _item(self, item: re.Match[str]) -> None:
        if self.paragraph:
            self.end()
        source = item.group()
        indent = len(source.expandtabs(4)) - len(source.expandtabs(4).lstrip())
        if boxes := boxes_in(item["text"], begins=True):
            self.end()
            self._boxes(boxes)
            self.ticked_item = True
        else:
            self._push(indent, "-" if item["bullet"] else item["number"], item["text"], source)

    def _push(self, indent: int, mark: str, text: str, source: str) -> None:
        self.ticked_item = False
        while self.starts and indent < self.starts[-1]:
            self.starts.pop()
        if not self.starts or indent >= self.starts[-1] + 2:
            self.starts.append(indent)
        level = min(len(self.starts) - 1, MAX_DEPTH)
        self.items.append(_Item(level, mark, [text]))
        self.sources.append(source)

    def _marked(self, line: SourceLine) -> None:
        """An item of an HTML list."""
        text, mark = line.text.strip(), line.mark
        if self.paragraph or self.rows or self.quoted:
            self.end()
        if not text:
            return
        if boxes := boxes_in(text, begins=True):
            self.end()
            self._boxes(boxes)
            self.ticked_item = True
            return
        item = _ITEM.fullmatch(text)
        if item and (item["number"] or item["bullet"] in _BULLETS):  # marks of its own
            mark, text = item["number"] or mark, item["text"]
        self._push(4 * line.depth, mark, text, "")
        self.blank = False

    def _goes_on(self, text: str) -> bool:
        """Take the line as more of a list's last item, if it is."""
        inset = text[0].isspace()
        if self.items and (inset or not self.blank):
            if not inset and boxes_in(text.strip(), begins=True):
                return False
            self.items[-1].texts.append(text)
            self.sources.append(text)
            return True
        if self.ticked_item and inset and not self.blank and self.out:
            box = self.out[-1]
            label = f"{box.text} {plain(text)}".strip()
            self.out[-1] = Block("", "checkbox", label, checked=box.checked)
            return True
        return False

    def _boxes(self, boxes: Sequence[tuple[bool | None, str]]) -> None:
        for checked, label in boxes:
            if checked is None:
                if self.items:
                    self.end()
                self.paragraph.append(label)
            else:
                self.end()
                text = plain(label).replace("\n", " ")
                self.out.append(Block("", "checkbox", text, checked=checked))

    def end(self) -> None:
        """End what has been collected."""
        if self.rows:
            self.out += pipe_table(self.rows)
        elif self.items and len(self.items) == 1 and self.items[0].mark != "-" and self.sources[0]:
            # A single number begins no list: "1. Introduction", "3. May".
            self._paragraph(self.sources)
        elif self.items:
            text = "\n".join(item.line() for item in self.items)
            self.out.append(Block("", "list", text))
        else:
            self._paragraph(self.paragraph)
        self.rows, self.items, self.starts, self.sources, self.paragraph = [], [], [], [], []
        self.blank = self.quoted = self.ticked_item = False

    def _paragraph(self, lines: Sequence[str]) -> None:
        if text := plain("\n".join(map(_without_hard_break, lines))):
            self.out.append(Block("", "paragraph", text))


def _is_break(text: str) -> bool:
    """Whether the line is a thematic break: three or more of one of three characters."""
    marks = text.replace(" ", "").replace("\t", "")
    return len(marks) > 2 and marks[0] in "-*_" and marks == marks[0] * len(marks)


def _without_hard_break(line: str) -> str:
    return line[:-1] if line.endswith("\\") and line[-2:-1] not in ("\\", "") else line
