"""The Helm chart of deploy/helm for tests: its sets of values, rendered by Helm's own library."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from tests import helm_library

if not helm_library.HERE:
    why = "helm-python-sdk has no wheel for this machine: the chart is not rendered"
    pytest.skip(why, allow_module_level=True)

ROOT = Path(settings.BASE_DIR)
CHART = ROOT / "deploy/helm"
SETS = {path.stem.removesuffix("-values"): path for path in (CHART / "ci").glob("*.yaml")}
# The oldest that the chart lets itself be installed on, and the newest that there are schemas of
VERSIONS = {"smallest": "1.29", "production": "1.37", "everything": "1.29"}
PROCESSES = {"web", "worker", "worker-io", "worker-gpu", "trainer", "sweep", "deliver"}
Manifest = dict[str, Any]
NOTHING = {
    "enabled": True, "min": 1, "max": 2, "cpuPercent": 0, "waiting": 0, "oldestSeconds": 0,
}  # fmt: skip

# Kinds of others, which Kubernetes' own schemas do not know: the fields that the chart sets, as
# their definitions have them (KEDA 2.17, Prometheus Operator 0.80, Gateway API 1.3), and no others
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def fields(required: dict[str, Any], **others: Any) -> dict[str, Any]:
    """The schema of an object of these and no other fields."""
    return {
        "type": "object",
        "properties": {**required, **others},
        "required": list(required),
        "additionalProperties": False,
    }


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


TEXTS = {"type": "object", "additionalProperties": TEXT}
OTHERS: dict[str, dict[str, Any]] = {
    "keda.sh/v1alpha1 ScaledObject": fields(
        {
            "scaleTargetRef": fields({"name": TEXT}),
            "minReplicaCount": WHOLE,
            "maxReplicaCount": WHOLE,
            "pollingInterval": WHOLE,
            "cooldownPeriod": WHOLE,
            "triggers": many(
                fields(
                    {
                        "type": {"enum": ["cpu", "prometheus"]},
                        "metricType": {"enum": ["Utilization", "AverageValue", "Value"]},
                        "metadata": TEXTS,
                    },
                    authenticationRef=fields({"name": TEXT}),
                )
            ),
        },
        advanced=fields({"horizontalPodAutoscalerConfig": fields({"behavior": {}})}),
    ),
    "monitoring.coreos.com/v1 ServiceMonitor": fields(
        {
            "selector": fields({"matchLabels": TEXTS}),
            "endpoints": many(
                fields(
                    {
                        "port": TEXT,
                        "path": TEXT,
                        "interval": TEXT,
                        "scrapeTimeout": TEXT,
                        "authorization": fields(
                            {"type": TEXT, "credentials": fields({"name": TEXT, "key": TEXT})}
                        ),
                        "relabelings": many(fields({"targetLabel": TEXT, "replacement": TEXT})),
                    }
                )
            ),
        }
    ),
    "monitoring.coreos.com/v1 PrometheusRule": fields(
        {
            "groups": many(
                fields(
                    {
                        "name": TEXT,
                        "rules": many(
                            fields(
                                {"expr": TEXT},
                                record=TEXT,
                                alert=TEXT,
                                labels=TEXTS,
                                annotations=TEXTS,
                                **{"for": TEXT},
                            )
                        ),
                    }
                )
            )
        }
    ),
    "gateway.networking.k8s.io/v1 HTTPRoute": fields(
        {
            "parentRefs": many(fields({"name": TEXT}, namespace=TEXT, sectionName=TEXT)),
            "hostnames": many(TEXT),
            "rules": many(
                fields(
                    {
                        "backendRefs": many(fields({"name": TEXT, "port": WHOLE})),
                        "timeouts": fields({"request": TEXT}),
                    }
                )
            ),
        }
    ),
}


def render(values: dict[str, Any], name: str = "site") -> list[Manifest]:
    """What the chart makes of the values. Raises ``Refused`` where it refuses them."""
    rendered = helm_library.render(str(CHART), values, name, "ocr")
    return [
        manifest
        for path, text in sorted(rendered.items())
        if not path.endswith(".txt")
        for manifest in yaml.safe_load_all(text)
        if manifest
    ]


def notes(values: dict[str, Any]) -> str:
    """What is told to who has installed it."""
    rendered = helm_library.render(str(CHART), values, "site", "ocr")
    (text,) = (text for path, text in rendered.items() if path.endswith("NOTES.txt"))
    return text


def values_of(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(SETS[name].read_text())
    return loaded


@cache
def manifests_of(name: str) -> list[Manifest]:
    return render(values_of(name))


def of(name: str, kind: str = "") -> dict[str, Manifest]:
    """A set's manifests of a kind by the process (or else the name) they are for."""
    return {
        manifest["metadata"]["labels"].get("app.kubernetes.io/component")
        or manifest["metadata"]["name"]: manifest
        for manifest in manifests_of(name)
        if manifest["kind"] == kind
    }


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """A set's values with others in their place, named with double underscores for dots."""
    values = copy.deepcopy(values_of(name))
    for path, value in changes.items():
        *parents, last = path.split("__")
        at = values
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = value
    return values


def refused(values: dict[str, Any]) -> str:
    with pytest.raises(helm_library.Refused) as raised:
        render(values)
    return str(raised.value)


def pods(name: str) -> dict[str, Manifest]:
    """Specs of the pods of a set, by process; jobs too."""
    return {
        process: manifest["spec"]["template"]["spec"]
        for kind in ("Deployment", "Job")
        for process, manifest in of(name, kind).items()
    }


def environment(container: Manifest) -> dict[str, Any]:
    return {row["name"]: row.get("value") for row in container["env"]}
