"""The documentation as a site, by Sphinx: README.md, the pages beside this file, CHANGELOG.md.

`make docs` builds it into build/docs, strictly: a link to a page or heading that is not there, a
page that no list names, or anything loaded from another host fails. Search needs no server.
"""

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

project = "OCRSite"
version = release = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)[
    0
]
copyright = "AGPL-3.0-or-later"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "benchmarks/*.md",
    "docs/*.md",
    "docs/reference/*.md",
]
exclude_patterns = [".*", "var", "build", "node_modules"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
html_theme = "furo"
html_static_path = html_css_files = ["site.css"]
html_title = f"OCRSite {version}"
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
linkcheck_timeout, linkcheck_retries = 30, 3  # of `make links`, which alone asks other hosts
suppress_warnings = ["misc.highlighting_failure"]  # examples with dots left out

# The pages, in an order for newcomers
NAVIGATION = {
    "Begin": (
        "quickstart", "tutorial-spreadsheet", "tutorial-program", "how-to", "pages", "api",
        "client", "migrating",
    ),
    "Documents": ("batches", "output", "fields", "entities", "schema", "templates", "review"),
    "Engines": ("engines", "compare", "fine-tuning", "benchmarks"),
    "Organisations": (
        "members", "permissions", "keys", "signin", "limits", "usage", "billing", "audit",
        "webhooks", "errors",
    ),
    "Running it": (
        "deployment", "configuration", "operations", "capacity", "service-levels", "security",
    ),
    "Changing it": ("architecture", "dependencies"),
}  # fmt: skip
FOREIGN = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=\"(?:https?:)?//|<link[^>]+href=\"(?:https?:)?//"
)


def _write_reference(app: Any, config: Any) -> None:
    """docs/reference, made of the OpenAPI document."""
    os.environ.setdefault("SECRET_KEY", "for-the-documentation-alone")
    os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
    import django

    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    reference = importlib.import_module("reference")  # beside this file
    document = SchemaGenerator().get_schema(public=True)
    app.reference_pages = reference.write(ROOT / "docs/reference", document)


def _add_navigation(app: Any, page: str, source: list[str]) -> None:
    """The lists of pages, at the end of the first one."""
    if page != root_doc:
        return
    lists = {title: [f"docs/{name}" for name in pages] for title, pages in NAVIGATION.items()}
    lists["API reference"] = [f"docs/reference/{name}" for name in app.reference_pages]
    lists["Records"] = ["CHANGELOG", "benchmarks/odd_files", "benchmarks/odd_files_api"]
    source[0] += "".join(
        f"\n\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(pages) + "\n```\n"
        for title, pages in lists.items()
    )


def _look_for_foreign_hosts(app: Any, error: Exception | None) -> None:
    """Raises where a page loads something from elsewhere; makes the first page the folder's."""
    if error or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        if found := FOREIGN.search(page.read_text()):
            raise ValueError(f"{page.name} loads from another host: {found[0]}")
    (Path(app.outdir) / "index.html").write_text((Path(app.outdir) / "README.html").read_text())


def setup(app: Any) -> None:
    """What happens when."""
    app.connect("config-inited", _write_reference)
    app.connect("source-read", _add_navigation)
    app.connect("build-finished", _look_for_foreign_hosts)
