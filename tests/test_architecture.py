"""The house's walls: who may import whom, and how large a module may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT: dict[str, set[str]] = {
    "extraction": {"extraction"},
    "accounts": {"accounts"},
    "jobs": {"jobs", "accounts", "extraction"},
    "learning": {"learning", "jobs", "accounts", "extraction"},
    "ocrsite": {"ocrsite", "learning", "jobs", "accounts", "extraction"},
    "demo": {"demo", "ocrsite"},
    "client": set(),  # a distribution of its own, in the package ocrsite_client
}
# not installed in the web image
ENGINES_ONLY = {
    "PIL",
    "cv2",
    "google",
    "grpc",
    "onnxruntime",
    "openvino",
    "pillow_heif",
    "pymupdf",
    "rapidocr",
    "torch",
    "tqdm",
    "transformers",
}
SLOW = {"babel", "fontTools", "opentelemetry", "phonenumbers", "stdnum"}  # loaded when used
MODULES = sorted(path for app in MAY_IMPORT for path in (ROOT / app).rglob("*.py"))


def imported(tree: ast.AST) -> set[str]:
    """Top-level packages of all imports in the tree."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_modules_import_only_downwards() -> None:
    foreign = {}
    for path in MODULES:
        name = path.relative_to(ROOT)
        found = imported(ast.parse(path.read_text())) & MAY_IMPORT.keys()
        foreign[str(name)] = found - MAY_IMPORT[name.parts[0]]
    assert {name: apps for name, apps in foreign.items() if apps} == {}


def test_extraction_knows_no_django() -> None:
    for path in (ROOT / "extraction").rglob("*.py"):
        assert "django" not in imported(ast.parse(path.read_text())), path


def test_web_tier_starts_without_engines() -> None:
    """The web process and `manage.py` load no engine at their start."""
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'ocrsite.settings'\n"
        "import django; django.setup()\n"
        "import ocrsite.urls\n"
        f"print(sorted(set(sys.modules) & {ENGINES_ONLY | SLOW!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_finder_runs_in_the_web_image() -> None:
    """Trying a template needs none of the packages that only workers have."""
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {ENGINES_ONLY!r}: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from extraction.classify import classify\n"
        "from extraction.fields import CATALOGUE\n"
        "from extraction.fields.match import find\n"
        "from extraction.fields.proposals import labelled, proposed\n"
        "from extraction.settling import settle\n"
        "from extraction.types import Line, Page, Word\n"
        "texts = ['ACME GmbH', 'Tax invoice', 'Invoice no: A-4711', 'Tel: +49 30 1234567']\n"
        "lines = tuple(Line(text, (50, y, 300, y + 12), None, tuple(\n"
        "    Word(word, (50 + 60 * n, y, 100 + 60 * n, y + 12))\n"
        "    for n, word in enumerate(text.split())))\n"
        "    for y, text in zip(range(50, 200, 20), texts))\n"
        "pages = settle((Page(1, 595, 842, lines=lines),), strip=False)\n"
        "values = find(pages, CATALOGUE)\n"
        "print(classify(pages).kind, *(v.value for v in values if v.name == 'invoice_number'),\n"
        "      proposed(labelled(pages), values))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["invoice", "A-4711", "()"], done.stderr


def test_no_module_is_too_long() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in MODULES
        if path.name != "catalogue.py"  # nothing but a table
    }
    assert {name: long for name, long in lines.items() if long > 600} == {}


def test_no_xml_of_others_is_parsed() -> None:
    """It is written alone; entities and other documents that XML can name are then nobody's."""
    parsers = {"parse", "fromstring", "fromstringlist", "iterparse", "XML", "XMLParser"}
    for path in MODULES:
        tree = ast.parse(path.read_text())
        names = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not imported(tree) & {"lxml", "defusedxml", "html5lib", "pyexpat"}, path
        if "xml" not in imported(tree):
            continue
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not (names | used) & parsers, path
