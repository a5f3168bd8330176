"""A terminal in which what the pages tell people to type is typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from jobs.models import Job
from tests.processes import until

ROOT = Path(settings.BASE_DIR)
SITE = "http://127.0.0.1:8000"  # of the pages
PROGRAMS = {
    "python": f'PYTHONPATH="{ROOT}/client" exec "{sys.executable}" "$@"',
    "ocrsite": f'PYTHONPATH="{ROOT}/client" exec "{sys.executable}" -m ocrsite_client "$@"',
    # the client is there already; tests/client/test_package.py builds it, and finds the command
    "pip": '[ "$*" = "install ./client" ] && grep -q \'^ocrsite = \' client/pyproject.toml',
}


def blocks(page: str, language: str = "sh") -> list[str]:
    """Its shell commands, or what it shows in another language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


class Terminal:
    """A folder that looks like a clone, and how to type in it."""

    def __init__(self, folder: Path, site: str, key: str) -> None:
        self.folder, self.site = folder, site
        (folder / ".venv/bin").mkdir(parents=True)
        for name, does in PROGRAMS.items():
            self.program(name, does)
        (folder / ".venv/bin/activate").write_text(f'PATH="{folder}/.venv/bin:$PATH"\n')
        for name in ("manage.py", "demo", "client"):
            (folder / name).symlink_to(ROOT / name)
        database = urlsplit(os.environ["DATABASE_URL"])
        name = connection.settings_dict["NAME"]
        self.given = {"KEY": key}
        (folder / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
        self.environment = os.environ | {
            "HOME": str(folder),  # so that a curl that is refused fails
            "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
            "VAR_DIR": str(Path(settings.MEDIA_ROOT).parent),
            "DEFAULT_ENGINE": settings.DEFAULT_ENGINE,
            "DJANGO_SUPERUSER_EMAIL": "ops@example.com",
            "DJANGO_SUPERUSER_PASSWORD": "a password of 20 letters",
        }

    def program(self, name: str, does: str) -> None:
        """One of its virtual environment's commands."""
        path = self.folder / ".venv/bin" / name
        path.write_text(f"#!/bin/sh\n{does}\n")
        path.chmod(0o755)

    def type(self, commands: str) -> str:
        """What they print, with what differs here put in; fails where one of them does."""
        return self.ended(self.begin(commands))

    def begin(self, commands: str) -> subprocess.Popen[str]:
        """The same, under way."""
        for name, value in self.given.items():
            commands = re.sub(
                rf"^export {name}=.*$", f"export {name}={value}", commands, flags=re.M
            )
        commands = commands.replace(SITE, self.site).replace(
            "createsuperuser", "createsuperuser --noinput"
        )
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self.environment | self.given,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ended(self, shell: subprocess.Popen[str]) -> str:
        """What it has printed."""
        printed, _ = shell.communicate(timeout=120)
        assert shell.returncode == 0, printed
        return printed

    def served(self, commands: str) -> str:
        """``commands`` send a document, which a worker reads meanwhile."""
        before = Job.objects.count()
        shell = self.begin(commands)
        until(lambda: Job.objects.count() > before or shell.poll() is not None)
        call_command("worker", "--burst")
        return self.ended(shell)
