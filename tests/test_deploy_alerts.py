"""What watches the site (deploy/): asks for what /metrics has, and says what to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from django.test import Client
from django.urls import reverse
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from jobs import listener_loop, queue
from jobs.models import Delivery, Status, Task
from jobs.models.jobs import Priority
from learning.models import RunStatus
from ocrsite.metrics import LATER, JobsCollector
from tests.test_docs import ROOT, anchors, text

DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
GROUPS = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
UNIT_TESTS = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())
BOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
# what Prometheus itself adds, and its own series
BY_PROMETHEUS = {"instance", "job"}
OF_PROMETHEUS: dict[str, set[str]] = {
    "up": set(),
    "ALERTS": {"alertname", "alertstate", "severity"},
}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",), "gauge": ("",)}
VALUES: Mapping[tuple[str, str], set[str]] = {
    ("ocrsite_jobs", "status"): set(Status.values),
    ("ocrsite_jobs", "priority"): {priority.label.lower() for priority in Priority},
    ("ocrsite_tasks", "state"): {*Task.State.values, LATER},
    ("ocrsite_tasks", "pool"): set(queue.POOLS),
    ("ocrsite_tasks", "priority"): {priority.label.lower() for priority in Priority},
    ("ocrsite_queue_oldest_seconds", "pool"): set(queue.POOLS),
    ("ocrsite_gpu_memory_bytes", "kind"): {"total", "available", "allocated"},
    ("ocrsite_deliveries", "status"): set(Delivery.Status.values),
    ("ocrsite_training_runs", "status"): set(RunStatus.values),
    ("ocrsite_engine_pages_total", "outcome"): {"read", "degraded", "failed"},
    ("ocrsite_sla_calls_total", "outcome"): {"kept", "missed"},
    ("ocrsite_sla_jobs_total", "outcome"): {"kept", "missed"},
    ("ocrsite_cache_lookups_total", "result"): {"hit", "shared", "miss"},
}
promtool = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    promtool is None, reason="promtool is not installed (Debian: prometheus): rules not run"
)


def panels(board: Path) -> list[dict[str, Any]]:
    """A dashboard's panels."""
    found: list[dict[str, Any]] = json.loads(board.read_text())["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and itself; Grafana's durations are put in."""
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]
    for board in BOARDS:
        for panel in panels(board):
            for target in panel.get("targets", []):
                expr = re.sub(r"\$__(rate_interval|range)\b", "5m", target["expr"])
                yield f"{board.name}: {panel['title']}", expr
        for variable in json.loads(board.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
                assert asked, (board.name, variable["name"])
                yield f"{board.name}: ${variable['name']}", f"sum by ({asked[2]}) ({asked[1]})"


@dataclass(frozen=True, slots=True)
class Asked:
    """A series that an expression names, and what it wants of its labels."""

    name: str
    wanted: tuple[tuple[str, str], ...]


def asked_for(expr: str) -> tuple[list[Asked], set[str]]:
    """The series that an expression names, and the labels it groups and matches by.

    Raises ValueError where it is no PromQL.
    """
    selectors: list[Asked] = []
    labels: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            matchers = node.matchers.matchers
            assert node.name, expr
            selectors.append(Asked(node.name, tuple((each.name, each.value) for each in matchers)))
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            labels.update(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr):
            matching = node.modifier and node.modifier.matching
            labels.update(matching.labels if matching else ())

    promql_parser.walk(promql_parser.parse(expr), pre_visit=visit)
    return selectors, labels


@pytest.fixture
def told(client: Client, db: None) -> dict[str, set[str]]:
    """The name of each series of /metrics with its labels."""
    assert listener_loop.OPEN, "the web process has it"
    families = {
        family.name: family.type
        for family in text_string_to_metric_families(client.get("/metrics").content.decode())
    }
    labels = {
        family.name: set(family._labelnames)  # type: ignore[attr-defined]
        for family in JobsCollector().collect()
    }
    for collector in set(REGISTRY._names_to_collectors.values()):
        if names := getattr(collector, "_labelnames", None):
            labels[collector._name] = set(names)  # type: ignore[attr-defined]
    series = {
        family + suffix: labels.get(family, set()) | ({"le"} if suffix == "_bucket" else set())
        for family, kind in families.items()
        for suffix in SUFFIXES.get(kind, ())
        if family.startswith(("ocrsite_", "django_http_"))  # what several processes tell as one
    }
    series |= OF_PROMETHEUS
    for name, expr in RECORDED.items():
        series[name] = set().union(*(series[part.name] for part in asked_for(expr)[0]))
    return series


def test_every_expression_asks_for_what_metrics_has(told: dict[str, set[str]]) -> None:
    asked = set()
    for where, expr in expressions():
        selectors, labels = asked_for(expr)
        known = set(BY_PROMETHEUS)
        for selector in selectors:
            assert selector.name in told, (where, selector.name)
            asked.add(selector.name)
            known |= told[selector.name]
            matched = {label for label, _ in selector.wanted}
            assert matched <= told[selector.name] | BY_PROMETHEUS, (where, selector.name)
        assert labels <= known, (where, labels - known)
    ours = {
        name
        for name in told
        if name.startswith("ocrsite_") and not name.endswith(("_sum", "_created"))
    }
    shown = {re.sub("_(bucket|count)$", "", name) for name in asked}
    assert {re.sub("_(bucket|count)$", "", name) for name in ours} - shown == set()


def test_every_value_asked_for_is_one_that_there_is() -> None:
    roots = {name: asked_for(expr)[0][0].name for name, expr in RECORDED.items()}
    compared = 0
    for where, expr in expressions():
        for selector in asked_for(expr)[0]:
            name = roots.get(selector.name, selector.name)
            for label, wanted in selector.wanted:
                if label == "view":
                    assert reverse(wanted), where
                values = VALUES.get((name, label))
                if values is None or wanted.startswith("$"):
                    continue
                compared += 1
                assert set(wanted.split("|")) <= values, (where, wanted)
    assert compared > 20


def test_every_alert_says_how_grave_it_is_and_what_to_do() -> None:
    page = text("operations.md")
    section = page.split("\n## Alerts\n", 1)[1].split("\n## ", 1)[0]
    explained = dict(re.findall(r"^### (\w+)\n\n(\w+)", section, re.M))
    assert list(explained) == list(ALERTS) == list(dict.fromkeys(ALERTS))
    assert len(ALERTS) == sum("alert" in rule for rule in RULES), "each name once"
    for name, rule in ALERTS.items():
        severity = rule["labels"]["severity"]
        assert severity in ("critical", "warning", "info"), name
        assert explained[name].lower() == severity, name
        assert re.fullmatch(r"\d+[mh]", rule["for"]), name
        assert sorted(rule["annotations"]) == ["description", "runbook_url", "summary"], name
        path, anchor = rule["annotations"]["runbook_url"].split("#")
        assert (path, anchor) == ("docs/operations.md", name.lower())
        assert anchor in anchors(page)


def test_every_alert_is_tried_both_ways() -> None:
    fires: set[str] = set()
    rests: set[str] = set()
    for test in UNIT_TESTS["tests"]:
        for check in test["promql_expr_test"]:
            (name,) = re.findall(r'alertname="(\w+)", alertstate="firing"', check["expr"])
            (fires if check["exp_samples"] else rests).add(name)
    assert fires == rests == set(ALERTS)
    assert UNIT_TESTS["group_eval_order"] == [group["name"] for group in GROUPS]


def test_prometheus_reads_these_rules_and_the_web_service_of_compose() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert config["rule_files"] == ["rules.yml"]
    (scrape,) = config["scrape_configs"]
    assert f'up{{job="{scrape["job_name"]}"}}' in ALERTS["OcrsiteDown"]["expr"]
    (target,) = scrape["dns_sd_configs"]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert target["names"] == ["web"]
    (port,) = services["web"]["ports"]
    assert port.endswith(f":{target['port']}")


def test_dashboards_are_found_and_whole() -> None:
    assert [board.stem for board in BOARDS] == ["engines", "operations", "sla", "tenants"]
    for board in BOARDS:
        content = json.loads(board.read_text())
        assert content["uid"] == f"ocrsite-{board.stem}"
        ids = [panel["id"] for panel in content["panels"]]
        assert len(ids) == len(set(ids))
        taken: set[tuple[int, int]] = set()
        for panel in content["panels"]:
            at = panel["gridPos"]
            across, down = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
            cells = {(x, y) for x in across for y in down}
            assert max(across) < 24 and not cells & taken, (board.name, panel["title"])
            taken |= cells
            if panel["type"] not in ("row", "text"):
                assert panel["title"] and panel["targets"], board.name
    provisioning = DEPLOY / "grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (folder,) = yaml.safe_load((provisioning / "dashboards/ocrsite.yml").read_text())["providers"]
    assert f"`{folder['options']['path']}/`" in text("deployment.md")


@needs_promtool
@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", "rules.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(command: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [str(promtool), *command], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
