"""The documentation names what there is, and points to files that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from extraction import annotating
from extraction.engines import ENGINES, degraded
from extraction.fields import CATALOGUE
from extraction.fields.by_schema.by_model import NOT_BY_MODEL
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.kinds import KINDS
from extraction.formats import FORMATS
from extraction.media_types import MEDIA_TYPES
from jobs.batch_export import EXPORTS
from jobs.batch_serializers import BatchDetailSerializer, ItemSerializer
from jobs.lifecycle import EXTENSION_MISMATCH
from jobs.models import Status
from jobs.results import PDF_NOT_MADE
from jobs.serializers import JobSerializer
from jobs.submit_serializers import SubmitSerializer
from jobs.webhooks import EVENTS
from tests.test_isolation import ROUTES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
APPS = ("ocrsite", "accounts", "jobs", "learning", "extraction")


def text(name: str) -> str:
    """A documentation page."""
    return (DOCS / name).read_text()


def rows(name: str, header: str) -> list[list[str]]:
    """The cells of the page's first table with that header, without its head."""
    lines = text(name).split(f"| {header} |", 1)[1].splitlines()[2:]
    table = lines[: next(n for n, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def anchors(page: str) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page, flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_link_points_to_a_file_and_heading_that_exist(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.is_file() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_readmes_index() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in DOCS.glob("*.md") if f"](docs/{page.name})" not in readme] == []


def test_every_page_is_in_the_sites_lists_once() -> None:
    tree = ast.parse(text("conf.py"))
    (lists,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAVIGATION"
    ]
    named = [page for pages in lists.values() for page in pages]
    assert sorted(named) == sorted(page.stem for page in DOCS.glob("*.md"))


def test_table_of_fields_is_the_catalogue() -> None:
    documented = [tuple(row) for row in rows("fields.md", "name | label | kind | of")]
    assert documented == [
        (f"`{field.name}`", field.label, f"`{field.kind}`", ", ".join(field.document_types))
        for field in CATALOGUE
    ]
    columns = [tuple(row) for row in rows("fields.md", "table | column | label | kind")]
    assert columns == [
        (f"`{field.name}`", f"`{column.name}`", column.label, f"`{column.kind}`")
        for field in CATALOGUE
        for column in field.columns
    ]
    of = text("fields.md").split("The column *of*", 1)[1].split("A table", 1)[0]
    assert re.findall(r"`(\w+)`", of) == [row.name for row in DOCUMENT_TYPES]
    assert {field.kind for field in CATALOGUE} <= KINDS.keys()


def test_fields_of_other_services_are_mapped_to_ours() -> None:
    known = {field.name for field in CATALOGUE}
    known |= {column.name for field in CATALOGUE for column in field.columns}
    mapped = [
        name
        for head in ("`AnalyzeExpense` | here", "`prebuilt-invoice` | here")
        for row in rows("migrating.md", head)
        for name in re.findall(r"`(\w+)`", row[1])
    ]
    assert len(mapped) > 40
    assert [name for name in mapped if name not in known] == []


def test_table_of_kinds_is_the_registry() -> None:
    documented = rows("fields.md", "kind | what counts | normal form (`value`)")
    assert [row[0] for row in documented] == [f"`{kind}`" for kind in KINDS]


def test_every_note_of_a_value_is_documented() -> None:
    named = "".join(row[0] for row in rows("fields.md", "note | meaning"))
    pattern = r'"(\w+_(?:by_document|by_checksum|assumed|not_known)|credit|debit)"'
    given = {
        note
        for path in (ROOT / "extraction/fields").rglob("*.py")
        for note in re.findall(pattern, path.read_text())
    }
    assert len(given) > 8
    assert [note for note in sorted(given) if f"`{note}`" not in named] == []


def test_table_of_engines_is_the_registry() -> None:
    documented = rows("engines.md", "name | what it reads | confidence | needs")
    assert [row[:2] for row in documented] == [
        [f"`{row.name}`", row.title] for row in ENGINES.values()
    ]


def test_tables_of_formats_are_the_registry() -> None:
    documented = rows("output.md", "format | what it holds | media type")
    assert {(row[0], row[2]) for row in documented} == {
        (f"`{row.name}`", f"`{row.media_type}`") for row in FORMATS.values()
    }
    for row in FORMATS.values():
        assert f"`result.{row.name}`" in text("api.md")


def test_every_route_of_the_api_is_documented() -> None:
    missing = []
    for route, methods in ROUTES.items():
        path = route.replace("<format:name>", "{format}")
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", path).replace("{pk}", "{id}")
        if route.startswith("api/"):
            page = text("api.md")
        elif route.startswith(("health/", "metrics")):
            page = text("deployment.md")
        else:
            continue
        missing += [
            f"{method} {path}" for method in methods if f"`{method.upper()} /{path}`" not in page
        ]
    assert missing == []


def test_options_of_a_submission_are_documented() -> None:
    documented = [row[0] for row in rows("api.md", "option | values | default")]
    assert documented == [f"`{name}`" for name in SubmitSerializer().fields]
    assert [name for name in MEDIA_TYPES if f"`{name}`" not in text("api.md")] == []


def test_states_and_parts_of_a_job_are_documented() -> None:
    documented = [row[0] for row in rows("api.md", "status | meaning")]
    assert documented == [f"`{status}`" for status in Status.values]
    section = text("api.md").split("## A job", 1)[1]
    assert [name for name in JobSerializer().fields if f'"{name}":' not in section] == []


def test_every_warning_is_documented() -> None:
    documented = {row[0].strip("`") for row in rows("api.md", "warning | meaning")}
    given = {
        "no_text_layer",
        "all_pages_blank",
        PDF_NOT_MADE,
        EXTENSION_MISMATCH,
        degraded.DEGRADED,
        degraded.LOOPED,
        degraded.CUT_SHORT,
        degraded.WROTE_NOTHING,
        degraded.RETRIED,
        degraded.AWAY,
        NOT_BY_MODEL,
        annotating.ENTITIES_FAILED,
        annotating.LANGUAGE_FAILED,
    }  # those not appended to a list
    for path in (ROOT / "extraction").rglob("*.py"):
        given |= set(re.findall(r'warnings\.append\("(\w+)"\)', path.read_text()))
    assert documented == given


def test_limits_are_the_defaults() -> None:
    documented = {row[2]: row[1] for row in rows("api.md", "limit | default | setting")}
    limits = settings.LIMITS
    assert limits.open_seconds == limits.page_seconds
    assert documented == {
        "`MAX_UPLOAD_BYTES`": f"{limits.max_bytes:,}",
        "`MAX_INLINE_BYTES`": f"{settings.MAX_INLINE_BYTES:,}",
        "`MAX_PAGES`": f"{limits.max_pages:,}",
        "`MAX_PIXELS`": f"{limits.max_pixels:,}",
        "`OPEN_SECONDS`, `PAGE_SECONDS`": f"{limits.page_seconds:.0f}",
    }


def test_limits_of_a_batch_are_the_defaults() -> None:
    documented = [
        (row[2].strip("`"), row[1])
        for row in rows("batches.md", "limit | default | setting | beyond it")
    ]
    assert documented == [
        ("MAX_BATCH_FILES", f"{settings.MAX_BATCH_FILES}"),
        ("MAX_BATCH_BYTES", f"{settings.MAX_BATCH_BYTES:,}"),
        ("MAX_BATCH_BYTES", f"{settings.MAX_BATCH_BYTES:,}"),
        ("MAX_UPLOAD_BYTES", f"{settings.LIMITS.max_bytes:,}"),
        ("UNPACK_SECONDS", f"{settings.UNPACK_SECONDS:.0f}"),
        ("BATCH_FETCH_SECONDS", f"{settings.BATCH_FETCH_SECONDS:.0f}"),
    ]


def test_parts_of_a_batch_are_documented() -> None:
    section = text("batches.md").split("## How it stands", 1)[1]
    names = [*BatchDetailSerializer().fields, *ItemSerializer().fields, *EXPORTS]
    assert [name for name in names if f'"{name}":' not in section] == []
    assert [name for name in EXPORTS if f"`export.{name}`" not in section] == []


def test_table_of_rate_limits_is_the_defaults() -> None:
    documented = {
        row[5].strip("`"): [int(cell.replace(",", "")) for cell in row[1:5]]
        for row in rows(
            "limits.md", "group | calls a minute | an hour | a day | at one moment | setting"
        )
    }
    source = (ROOT / "ocrsite/settings.py").read_text()
    assert documented == {
        name: [int(number) for number in numbers.split(",")]
        for name, numbers in re.findall(r'env\.list\("(RATE_\w+)", int, \[(.+?)\]\)', source)
    }
    assert len(documented) == len(settings.RATES)


def test_table_of_events_is_the_registry() -> None:
    documented = rows("webhooks.md", "event | when")
    assert [row[0] for row in documented] == [f"`{name}`" for name in EVENTS]
    assert all(row[1].startswith(EVENTS[row[0].strip("`")]) for row in documented)


def test_every_make_target_is_in_the_readme() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.M)
    assert targets is not None
    readme = (ROOT / "README.md").read_text()
    assert [name for name in targets[1].split() if f"`make {name}`" not in readme] == []


def test_every_command_is_documented() -> None:
    pages = "".join(page.read_text() for page in PAGES)
    commands = [
        path.stem
        for app in APPS
        for path in (ROOT / app).glob("management/commands/*.py")
        if path.stem != "__init__"
    ]
    assert sorted(commands) == [
        "audit", "billing", "configuration", "create_tenant", "deliver", "files", "index_jobs",
        "migrate", "models", "ocr", "orphans", "quotas", "secrets", "sweep", "trainer",
        "translations", "worker",
    ]  # fmt: skip
    assert [name for name in commands if f"manage.py {name}" not in pages] == []


def test_every_metric_of_ours_is_documented() -> None:
    exported = {
        name
        for path in ("ocrsite/metrics.py", "accounts/limits.py", "accounts/refusals.py")
        for name in re.findall(r'"(ocrsite_\w+)"', (ROOT / path).read_text())
    }
    assert exported
    assert sorted(name for name in exported if f"`{name}" not in text("operations.md")) == []


def test_settings_named_in_the_docs_exist() -> None:
    known = set(re.findall(r"^(?:# )?([A-Z]\w+)=", (ROOT / ".env.example").read_text(), re.M))
    login = (ROOT / "client/ocrsite_client/login.py").read_text()  # the client's own two
    known |= set(re.findall(r'environ\.get\("(\w+)"\)', login))
    workflows = "".join(each.read_text() for each in (ROOT / ".github/workflows").glob("*.yml"))
    known |= set(re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", workflows))  # of the repository
    named = set()
    for page in PAGES:
        if page.name == "migrating.md":  # it names other services' fields in capitals
            continue
        named |= set(re.findall(r"`([A-Z][A-Z0-9]+_[A-Z0-9_]*[A-Z0-9])`", page.read_text()))
    assert sorted(named - known) == []


def test_every_module_of_the_apps_is_in_the_layout() -> None:
    layout = text("architecture.md").split("```")[1]
    named: dict[str, set[str]] = {}
    for app, body in re.findall(r"^(\w+)/ (.*?)(?=^\w|\Z)", layout, re.M | re.S):
        heads = re.findall(r"^  ((?:[\w.]+\.py ?)+)", body, re.M)
        named[app] = {name for head in heads for name in head.split()}
    for app in APPS:
        modules = {path.name for path in (ROOT / app).glob("*.py")} - {"__init__.py"}
        assert named[app] == modules


def test_example_in_python_is_python() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", text("api.md"), re.S)
    imported = {
        alias.name
        for node in ast.walk(ast.parse(example))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported == {"os", "sys", "requests"}


def test_every_promise_of_security_names_tests_that_exist() -> None:
    table = rows("security.md", "# | promise | proof")
    promises = [row for row in table if row[0]]
    assert [row[0] for row in promises] == [str(number) for number in range(1, 46)]
    open_ones = []
    for number, _, proof in promises:
        named = re.findall(r"`((?:tests|benchmarks)/[\w/.]+)(?:::(\w+))?`", proof)
        if not named:
            assert proof.startswith("**not yet**"), number
            open_ones.append(number)
        for path, test in named:
            body = (ROOT / path).read_text()
            assert not test or f"def {test}(" in body, (number, path, test)
    assert len(open_ones) <= 3


def test_settings_of_a_training_are_documented() -> None:
    from extraction.training.settings import BOUNDS, TrainingSettings

    usual = TrainingSettings()
    table = {
        cells[1].strip(" `"): [cell.strip() for cell in cells[2:4]]
        for line in text("fine-tuning.md").splitlines()
        if line.startswith("| `") and len(cells := line.split("|")) == 6
    }
    for name, (least, most) in BOUNDS.items():
        written, bounds = table[name]
        assert float(written) == getattr(usual, name), name
        assert [float(bound) for bound in bounds.split(",")] == [least, most], name
    assert set(table) == {*BOUNDS, "quantisation"}
