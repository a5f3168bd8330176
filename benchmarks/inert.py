"""Lists of hostile strings, line by line in every place of a real site, opened in Chromium.

    python -m benchmarks.inert --data DIR [--most N]

``DIR/strings/*.txt`` are the lists (Big List of Naughty Strings, XSS and formula payloads; lines
that are empty or comments left out). Each line becomes the text of a document (as title, paragraph,
list, table, caption ...), a field's label, value and alternatives, a file's name, metadata, an
error, a warning, an organisation's name, a template's label and more. Then the pages of a member
and of an operator are opened (all lists; of the pages of single jobs every fourth), and every
result in every format. Prints a table in Markdown; the exit status is 1 where anything came alive.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests import browser
from tests.browser import Seen


def lines(folder: Path) -> list[str]:
    """The lines of all lists, each once."""
    found: dict[str, None] = {}
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            text = line.removesuffix("\r").replace("\0", "")
            if text.strip() and not (path.name == "blns.txt" and text.startswith("#\t")):
                found[text] = None
    return list(found)


def measure(running: Site, strings: list[str], folder: Path) -> list[tuple[str, Seen, float]]:
    """What was seen on the pages, in the admin and in the files, and seconds."""
    env = running.supervisor.env
    os.environ |= {name: env[name] for name in ("DATABASE_URL", "REDIS_URL", "VAR_DIR", "HTTPS")}
    os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from accounts.row_security import process_sees_everything
    from tests.hostile import plant

    process_sees_everything()

    begun = time.monotonic()
    planted = plant(strings, together=40)
    print(f"{len(strings)} strings planted in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(planted.person)
    name = settings.SESSION_COOKIE_NAME
    session = (name, client.cookies[name].value)
    files = browser.as_files(list(planted.files()), folder)
    uploads = [text for text in strings if "/" not in text and "\\" not in text][:40]
    seen = []
    for what, addresses, names in (
        ("pages", planted.pages(step=4), uploads),
        ("admin", planted.admin_pages(), []),
        ("files", files, []),
    ):
        begun = time.monotonic()
        told = browser.look(addresses, site=running.url, session=session, uploads=names)
        seen.append((what, told, time.monotonic() - begun))
        print(f"{what}: {told.pages} opened, {len(told.alive)} alive", file=sys.stderr)
    return seen


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("odd-files"))
    parser.add_argument("--most", type=int, default=10_000, help="strings")
    chosen = parser.parse_args()
    if missing := browser.missing():
        print(f"skipped: {missing}")
        return 0
    strings = lines(chosen.data / "strings")[: chosen.most]
    if not strings:
        print(f"skipped: no {chosen.data}/strings/*.txt; name the folder with --data")
        return 0
    lift_limits()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with site(folder / "site", port=free_port(), workers=0) as running:
            assert urlsplit(running.url).hostname == "127.0.0.1"
            (folder / "files").mkdir()
            seen = measure(running, strings, folder / "files")
    print(f"{len(strings)} strings\n")
    print("| where | opened | dialogs | refused by the policy | to other hosts | alive | s |")
    print("|---|---|---|---|---|---|---|")
    for what, told, seconds in seen:
        counts = (told.pages, told.dialogs, told.refused, told.foreign, len(told.alive))
        print(f"| {what} | {' | '.join(map(str, counts))} | {seconds:.0f} |")
    alive = [line for _, told, _ in seen for line in told.alive]
    print(*alive[:50], sep="\n", file=sys.stderr)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
