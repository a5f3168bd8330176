"""docs/configuration.md, made of what .env.example says and of how the settings are read.

.env.example has the words, and which processes read a setting; ``env.declared`` has types and
defaults. Where the two do not name the same settings with the same defaults, there is no page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocrsite.environment import Declared, env

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / ".env.example"
PAGE = ROOT / "docs/configuration.md"
NOT_FOR_PEOPLE = {"PROMETHEUS_MULTIPROC_DIR"}  # Gunicorn's configuration sets it
# Whose defaults are computed: what .env.example shows instead
COMPUTED = {"SITE_URL": "http://127.0.0.1:8000"}
COMPOSE = "docker-compose.yml"  # reads what only stands in comments
PROCESSES = ("web", "worker", "trainer", "sweep", "deliver", "migrate")

_SECTION = re.compile(r"# --- (?P<title>[^(\[]+?)(?: \((?P<page>docs/[\w.-]+)\))? \[(?P<by>.+)\]")
_SETTING = re.compile(r"(?P<comment># )?(?P<name>[A-Z][A-Z0-9_]+)=(?P<value>.*)")
_READERS = re.compile(r" \[([a-z, .-]+)\]$")

HEAD = """\
# Configuration

Every setting, its default, and which [processes](deployment.md) read it. This page is made by
`manage.py configuration` from `.env.example` and from the code that reads the settings; a test
fails where one is missing here, or gone.

- **Where from**: environment variables, or the file `.env` beside `manage.py`, in the form of
  [.env.example](../.env.example); a variable wins. Docker Compose hands all of `.env` on to every
  service of ours.
- **From files**: any NAME may be given as NAME_FILE too (SECRET_KEY_FILE, say): the path of a file
  with the value in it, as Docker and Kubernetes mount secrets. NAME_FILE wins.
- **Mistakes**: a value that cannot be read stops every process at its start with a message; one
  that can be read but makes no sense is found by `python manage.py check --deploy`, and web does
  not start with it.
- **Changes** hold from a process's next start. *all* are web, worker, trainer, sweep, deliver and
  commands.
- **Lists** have commas between, without spaces. *0 or 1* may be written as true or false.
"""


class Mismatch(Exception):
    """.env.example and the settings do not say the same; the message says what to mend."""


@dataclass(frozen=True)
class Setting:
    """One setting as .env.example has it; ``readers`` are processes, "all" or ``COMPOSE``."""

    name: str
    value: str
    text: str
    readers: str


@dataclass
class Section:
    """Settings under one heading, and the page that tells more of them, if any."""

    title: str
    page: str
    readers: str
    settings: list[Setting] = field(default_factory=list)


def sections(example: str) -> list[Section]:
    """What .env.example says; raises ``Mismatch`` for a setting without words or section."""
    found: list[Section] = []
    words: list[str] = []
    for line in example.splitlines():
        if section := _SECTION.fullmatch(line):
            found.append(Section(section["title"], section["page"] or "", section["by"]))
            words = []
        elif setting := _SETTING.fullmatch(line):
            if not found:
                raise Mismatch(f"{line}: no section `# --- Title [web, worker]` stands above it")
            if not words:
                raise Mismatch(f"{setting['name']} has no comment before it in .env.example")
            found[-1].settings.append(_setting(setting, " ".join(words), found[-1].readers))
            words = []
        elif line.startswith("# --- "):
            raise Mismatch(f"{line!r} is not `# --- Title (docs/page.md) [web, worker]`")
        elif line.startswith("# "):
            words.append(line[2:])
        else:
            words = []
    return found


def _setting(line: re.Match[str], text: str, readers: str) -> Setting:
    if own := _READERS.search(text):
        text, readers = text[: own.start()], own[1]
    known = {"all", COMPOSE, *PROCESSES}
    unknown = set(readers.split(", ")) - known
    if unknown:
        raise Mismatch(f"{line['name']} is read by {', '.join(unknown)}, not a process")
    if (readers == COMPOSE) != bool(line["comment"]):
        raise Mismatch(f"{line['name']}: what Compose alone reads stands in a comment")
    return Setting(line["name"], line["value"], text, readers)


def written(default: Any) -> str:
    """A default as .env.example has it."""
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(int(default))
    if isinstance(default, list):
        return ",".join(map(written, default))
    if isinstance(default, float):
        return f"{default:g}"
    return str(default)


def differences(found: list[Section], declared: dict[str, Declared]) -> Iterator[str]:
    """Where .env.example and what the settings ask for are not the same; one line each."""
    example = {
        setting.name: setting.value
        for section in found
        for setting in section.settings
        if setting.readers != COMPOSE
    }
    for name in sorted(declared.keys() - example.keys() - NOT_FOR_PEOPLE):
        yield f"{name} is read, but not in .env.example"
    for name in sorted(example.keys() - declared.keys()):
        yield f"{name} is in .env.example, but not read"
    for name in example.keys() & declared.keys():
        default = COMPUTED.get(name, written(declared[name].default))
        if example[name] != default:
            yield f"{name} is {example[name]!r} in .env.example, and {default!r} if not set"


def page() -> str:
    """The page; raises ``Mismatch``."""
    found = sections(EXAMPLE.read_text())
    if wrong := list(differences(found, env.declared)):
        raise Mismatch("; ".join(wrong))
    return HEAD + "".join(map(_table, found))


def _table(section: Section) -> str:
    more = (
        f"More: [{section.page}]({section.page.removeprefix('docs/')}).\n\n" if section.page else ""
    )
    compose = section.readers == COMPOSE
    head = (
        "| setting | default | what it does |"
        if compose
        else ("| setting | type | default | what it does | read by |")
    )
    rows = [head, "|---" * (head.count("|") - 1) + "|", *map(_row, section.settings)]
    return f"\n## {section.title}\n\n{more}" + "\n".join(rows) + "\n"


def _row(setting: Setting) -> str:
    default = f"`{setting.value}`" if setting.value else ""
    text = re.sub(r"\bdocs/([\w-]+)\.md\b", r"[\1](\1.md)", setting.text.replace("|", "\\|"))
    if setting.readers == COMPOSE:
        return f"| `{setting.name}` | {default} | {text} |"
    kind = env.declared[setting.name].kind
    return f"| `{setting.name}` | {kind} | {default} | {text} | {setting.readers} |"
