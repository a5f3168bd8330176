"""fly.toml, deploy/fly/worker.toml and deploy/fly.sh name what there is, and how it is woken."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import load_command_class
from django.test import RequestFactory
from pytest_django import Settings

from accounts.audit import address_of
from jobs.waking import Sleeper, sleepers
from ocrsite.settings import env
from tests.test_compose import DOCKERFILE, EXAMPLE, OURS, seconds

ROOT = Path(settings.BASE_DIR)
SITE: dict[str, Any] = tomllib.loads((ROOT / "fly.toml").read_text())
WORKER: dict[str, Any] = tomllib.loads((ROOT / "deploy/fly/worker.toml").read_text())
SECRETS = """SECRET_KEY=x
DATABASE_URL=postgres://app@db/ocr
DATABASE_OWNER_URL=postgres://owner@db/ocr
REDIS_URL=redis://redis
METRICS_TOKEN=y
S3_BUCKET=documents
"""
# flyctl as far as the script asks it: it notes each call and what it is given
FLY = """#!/bin/sh
echo "fly $*" >> "$LOG"
case "$1 $2" in
  "status --app") [ -n "${THERE:-}" ] ;;
  "secrets list") [ -z "${THERE:-}" ] || echo "WAKE_TOKEN 0a1b" ;;
  "secrets import") sed 's/^/  /' >> "$LOG" ;;
  "machine list") printf '148ed193b9e738\\n 3d8d9930f03989 \\n' ;;
  "tokens create") echo "FlyV1 token" ;;
esac
"""


@pytest.mark.parametrize("config", [SITE, WORKER], ids=["site", "worker"])
def test_app_names_images_commands_and_settings_that_there_are(config: dict[str, Any]) -> None:
    assert f" AS {config['build']['build-target']}\n" in DOCKERFILE
    known = set(re.findall(r"^(\w+)=", EXAMPLE, re.M))
    assert config["env"].keys() <= known
    assert all(isinstance(value, str) for value in config["env"].values())
    commands = [*config["processes"].values(), config.get("deploy", {}).get("release_command")]
    for command in filter(None, commands):
        program, *arguments = command.split()
        if program == "gunicorn":
            assert (ROOT / arguments[1]).is_file()
            continue
        assert (program, arguments[0]) == ("python", "manage.py")
        app = "ocrsite" if arguments[1] == "migrate" else "jobs"
        loaded = load_command_class(app, arguments[1])
        loaded.create_parser("manage.py", arguments[1]).parse_args(arguments[2:])
    sized = {name for machine in config["vm"] for name in machine["processes"]}
    assert sized == config["processes"].keys()
    assert config["kill_signal"] == "SIGTERM"
    for name in config["processes"]:
        assert config["kill_timeout"] >= seconds(OURS[name]["stop_grace_period"])


@pytest.mark.parametrize("written", ["", "6.6.6.6, "], ids=["nothing", "something"])
def test_callers_address_is_the_one_that_flys_proxy_has_seen(
    settings: Settings, written: str
) -> None:
    """https://fly.io/docs/networking/request-headers/: the last is an address of the app."""
    settings.TRUSTED_PROXIES = env.parse_value(SITE["env"]["TRUSTED_PROXIES"], int)
    request = RequestFactory().get(
        "/", REMOTE_ADDR="172.16.4.2", HTTP_X_FORWARDED_FOR=f"{written}203.0.113.9, 66.241.124.7"
    )
    assert address_of(request) == "203.0.113.9"


def test_what_sleeps_is_woken_and_what_wakes_does_not_sleep() -> None:
    service = SITE["http_service"]
    assert (service["processes"], service["min_machines_running"]) == (["web"], 0)
    assert SITE["env"]["SITE_PROBE_URL"] == "off"  # which would be a request every minute
    assert (service["auto_stop_machines"], service["auto_start_machines"]) == ("stop", True)
    assert SITE["restart"] == [{"policy": "always", "processes": ["sweep", "deliver"]}]
    assert "--idle-seconds" in WORKER["processes"]["worker"]
    assert WORKER["restart"][0]["policy"] == "on-failure"
    assert "http_service" not in WORKER
    shared = WORKER["env"].keys() & SITE["env"].keys()
    assert all(WORKER["env"][name] == SITE["env"][name] for name in shared)


def deployed(
    folder: Path, secrets: str, command: Sequence[str] = (), **environment: str
) -> tuple[int, str, str]:
    """How the script (or the command) ends, what it says, and its calls of flyctl."""
    program, log, given = folder / "fly", folder / "log", folder / "secrets.env"
    program.write_text(FLY)
    program.chmod(0o755)
    log.touch()
    given.write_text(secrets)
    done = subprocess.run(
        command or ["sh", str(ROOT / "deploy/fly.sh"), "my-ocr", str(given), "2"],
        cwd=ROOT,
        env={"PATH": f"{folder}:{os.environ['PATH']}", "LOG": str(log), **environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr, log.read_text()


def test_script_makes_both_apps_and_tells_the_site_how_to_wake(tmp_path: Path) -> None:
    status, said, calls = deployed(tmp_path, SECRETS)
    assert (status, said) == (0, "https://my-ocr.fly.dev\n")
    verbs = re.findall(r"^fly (\w+(?: (?!--|\.)\w+)?)", calls, re.M)
    assert verbs == [
        "status", "apps create", "status", "apps create", "secrets import", "secrets import",
        "deploy", "deploy", "scale count", "machine list",
        "secrets list", "tokens create", "secrets import",
    ]  # fmt: skip
    worker = calls.split("fly secrets import --stage --app my-ocr-worker\n")[1]
    given = re.findall(r"^  (\w+)=", worker.split("fly deploy")[0], re.M)
    assert given == ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "S3_BUCKET"]
    woken = dict(re.findall(r"^  (WAKE_\w+)=(.+)$", calls, re.M))
    assert woken["WAKE_TOKEN"] == "FlyV1 token"
    machines = "http://_api.internal:4280/v1/apps/my-ocr-worker/machines"
    assert sleepers(env.parse_value(woken["WAKE_WORKERS"], list)) == (
        Sleeper("cpu", f"{machines}/148ed193b9e738/start"),
        Sleeper("cpu", f"{machines}/3d8d9930f03989/start"),
    )
    for config in re.findall(r"--config (\S+)", calls):
        assert (ROOT / config).is_file()


def test_script_makes_no_app_anew_and_nothing_without_what_is_needed(tmp_path: Path) -> None:
    calls = deployed(tmp_path, SECRETS, THERE="yes")[2]
    assert "apps create" not in calls and "tokens create" not in calls
    assert "  WAKE_WORKERS=" in calls and "  WAKE_TOKEN=" not in calls
    (tmp_path / "log").unlink()
    status, said, calls = deployed(tmp_path, SECRETS.replace("S3_BUCKET=documents\n", ""))
    assert (status, calls) == (1, "")
    assert "lacks S3_BUCKET" in said
