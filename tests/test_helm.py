"""deploy/helm: rendered and linted by Helm's own library, valid for Kubernetes, true to ours."""

from __future__ import annotations

import ipaddress
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from jobs.models import Task
from tests import helm_library
from tests.helm_chart import (
    CHART,
    NOTHING,
    OTHERS,
    PROCESSES,
    ROOT,
    SETS,
    VERSIONS,
    Manifest,
    changed,
    environment,
    manifests_of,
    notes,
    of,
    pods,
    refused,
    render,
    values_of,
)
from tests.test_compose import COMPOSE, DOCKERFILE, EXAMPLE, OURS, seconds, target
from tests.test_deploy_alerts import VALUES as METRIC_VALUES
from tests.test_deploy_alerts import asked_for, told

assert told  # a fixture


def test_sets_of_values_are_those_of_the_docs() -> None:
    assert SETS.keys() == {"smallest", "production", "everything"}
    assert of("everything", "Deployment").keys() == PROCESSES
    assert of("smallest", "Deployment").keys() == {"web", "worker", "sweep", "deliver"}
    assert {"worker-io", "worker-gpu", "trainer"} == PROCESSES - of(
        "production", "Deployment"
    ).keys()


@pytest.mark.parametrize("name", sorted(SETS))
def test_helm_finds_nothing_to_mend(name: str) -> None:
    found = helm_library.lint(str(CHART), values_of(name))
    assert found["errors"] == []
    # 1 is information: that an icon is recommended
    assert [each for each in found["messages"] if each["severity"] > 1] == []


@pytest.mark.parametrize("name", sorted(SETS))
def test_manifests_are_valid_by_strict_schemas(name: str) -> None:
    kinds = set()
    for manifest in manifests_of(name):
        kind = f"{manifest['apiVersion']} {manifest['kind']}"
        kinds.add(kind)
        if kind in OTHERS:
            assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}
            jsonschema.validate(manifest["spec"], OTHERS[kind])
        else:
            kubernetes_validate.validate(manifest, VERSIONS[name], strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {**manifests_of(name)[-1], "spek": {}}, VERSIONS[name], strict=True
        )
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests_of(name)]
    assert len(names) == len(set(names))
    assert all(len(each) <= 63 for _, each in names)
    if name == "everything":
        assert kinds >= OTHERS.keys()


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_name_that_is_referred_to_is_there(name: str) -> None:
    there = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests_of(name)}
    given = values_of(name)["secrets"]
    there |= {("Secret", each) for each in (given.get("existing"), given.get("owner")) if each}
    asked = set()
    for pod in pods(name).values():
        asked.add(("ServiceAccount", pod["serviceAccountName"]))
        mounts = {row["name"] for row in pod["volumes"]}
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert {row["name"] for row in container["volumeMounts"]} <= mounts
            asked |= {("ConfigMap", row["configMapRef"]["name"]) for row in container["envFrom"]}
        for volume in pod["volumes"]:
            if "secret" in volume:
                asked.add(("Secret", volume["secret"]["secretName"]))
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                asked.add(("PersistentVolumeClaim", claim))
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for manifest in of(name, kind).values():
            asked.add(("Deployment", manifest["spec"]["scaleTargetRef"]["name"]))
    assert asked <= there


@pytest.mark.parametrize("name", sorted(SETS))
def test_pods_can_do_little(name: str) -> None:
    for process, pod in pods(name).items():
        assert pod["automountServiceAccountToken"] is False, process
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert f"USER {security['runAsUser']}:{security['runAsGroup']}" in DOCKERFILE
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            written = {row["mountPath"] for row in container["volumeMounts"]}
            assert written >= {"/tmp", "/var/lib/ocrsite"}


def test_images_and_commands_are_those_of_compose() -> None:
    for process, pod in pods("everything").items():
        (container,) = pod["containers"]
        service = OURS[process]
        assert f" AS {target(service)}\n" in DOCKERFILE
        assert container["image"] == (
            f"registry.example.com/ocr/ocrsite-{target(service)}:{settings.VERSION}"
        )
        if process == "weights":
            assert container["command"] == [*service["entrypoint"], "download", "nanonets-ocr2-3b"]
        else:
            assert container.get("command") == service.get("command")
        for init in pod.get("initContainers", []):
            assert init["image"] == container["image"]
            assert "python manage.py migrate --check" in init["command"][-1]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == settings.VERSION
    assert chart["kubeVersion"] == f">={min(VERSIONS.values())}.0-0"


def test_probes_and_the_time_to_end_are_those_of_compose() -> None:
    alive = COMPOSE["x-alive"]["test"][-1].replace("$$", "$")
    for process, deployment in of("production", "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        grace = seconds(OURS[process]["stop_grace_period"])
        assert pod["terminationGracePeriodSeconds"] == grace
        probes = {kind: container.get(f"{kind}Probe") for kind in ("startup", "liveness")}
        if process == "web":
            assert {probe["httpGet"]["path"] for probe in probes.values()} == {"/health/live"}
            assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
            (pause,) = container["lifecycle"]["preStop"]["exec"]["command"][1:]
            (requests,) = re.findall(
                r"^graceful_timeout = (\d+)$",
                (ROOT / "ocrsite/gunicorn.conf.py").read_text(),
                re.M,
            )
            assert int(pause) + int(requests) < grace
        else:
            for probe in probes.values():
                assert probe["exec"]["command"] == ["sh", "-c", alive]
        assert probes["startup"]["failureThreshold"] * probes["startup"]["periodSeconds"] >= 60


def test_longer_pages_give_workers_longer_to_end() -> None:
    usual = settings.LIMITS.open_seconds + settings.LIMITS.page_seconds
    for name, page in (("production", usual), ("everything", settings.LIMITS.open_seconds + 45)):
        for process in ("worker", "worker-io", "worker-gpu", "trainer"):
            if deployment := of(name, "Deployment").get(process):
                pod = deployment["spec"]["template"]["spec"]
                assert pod["terminationGracePeriodSeconds"] >= page + 20, process


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_setting_exists_and_secrets_go_where_they_are_needed(name: str) -> None:
    known = set(re.findall(r"^(\w+)=", EXAMPLE, re.M))
    (configured,) = (
        manifest["data"]
        for manifest in of(name, "ConfigMap").values()
        if "SITE_URL" in manifest["data"]
    )
    assert configured.keys() <= known
    assert configured["SITE_URL"] == "https://ocr.example.com"
    assert all(isinstance(value, str) for value in configured.values())
    for process, pod in pods(name).items():
        (container,) = pod["containers"]
        named = environment(container)
        for variable, value in named.items():
            assert {variable, variable.removesuffix("_FILE")} & known, (process, variable)
            if variable in ("BIND", "VAR_DIR", "STATIC_ROOT", "ALIVE_FILE"):
                assert f"{variable}={value}" in DOCKERFILE
        secret = {variable for variable in named if variable.endswith("_FILE")} - {"ALIVE_FILE"}
        if process == "weights":  # with the internet, and nothing that would be worth taking there
            assert secret == set()
            assert not [volume for volume in pod["volumes"] if "secret" in volume]
            continue
        assert {"SECRET_KEY_FILE", "DATABASE_URL_FILE", "REDIS_URL_FILE"} <= secret
        assert ("DATABASE_OWNER_URL_FILE" in secret) == (process == "migrate")
        assert ("METRICS_TOKEN_FILE" in secret) == (process == "web" and name != "smallest")
        files = {
            f"{mount['mountPath']}/{item['path']}"
            for volume in pod["volumes"]
            if "secret" in volume
            for mount in container["volumeMounts"]
            if mount["name"] == volume["name"]
            for item in volume["secret"]["items"]
        }
        assert {named[variable] for variable in secret} <= files
        assert any("DATABASE_OWNER_URL" in file for file in files) == (process == "migrate")
    if name == "production":
        assert (configured["MAX_UPLOAD_BYTES"], configured["TRUSTED_PROXIES"]) == ("50000000", "1")


def test_a_worker_knows_its_share_of_the_processor() -> None:
    for process, pod in pods("everything").items():
        (container,) = pod["containers"]
        threads = [row for row in container["env"] if row["name"] == "WORKER_THREADS"]
        assert bool(threads) == (process in {"worker", "worker-io", "worker-gpu", "trainer"})
        for row in threads:
            assert row["valueFrom"]["resourceFieldRef"]["resource"] == "limits.cpu"
            assert "cpu" in container["resources"]["limits"]


def test_gpus_are_asked_for_where_they_are() -> None:
    for process, pod in pods("everything").items():
        (container,) = pod["containers"]
        wants = "nvidia.com/gpu" in container["resources"]["limits"]
        assert wants == (process in {"worker-gpu", "trainer"})
        mounts = {row["mountPath"] for row in container["volumeMounts"]}
        weights = f"{settings.VISION_WEIGHTS.relative_to(settings.VAR_DIR)}"
        assert (f"/var/lib/ocrsite/{weights}" in mounts) == (wants or process == "weights")
        if wants:
            assert pod["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
            assert pod["tolerations"][0]["key"] == "nvidia.com/gpu"
            strategy = of("everything", "Deployment")[process]["spec"]["strategy"]
            assert strategy["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def networks(policy: Manifest) -> set[str]:
    """The networks that a policy lets its pods reach, whole."""
    return {
        peer["ipBlock"]["cidr"]
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    }


@pytest.mark.parametrize("name", sorted(SETS))
def test_only_what_must_reaches_the_internet(name: str) -> None:
    policies = of(name, "NetworkPolicy")
    assert policies.keys() == pods(name).keys()
    for process, policy in policies.items():
        spec = policy["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        assert ("ingress" in spec) == (process == "web")
        assert all(rule["to"] and rule["ports"] for rule in spec["egress"])
        outside = {
            network
            for network in networks(policy)
            if ipaddress.ip_network(network).prefixlen < 7  # of whole address families
        }
        # as docker-compose.yml has it
        assert bool(outside) == ("outside" in OURS[process]["networks"]), process
        for rule in spec["egress"]:
            for peer in rule["to"]:
                if peer.get("ipBlock", {}).get("cidr") in outside:
                    assert {"port": 80}.items() <= rule["ports"][0].items()
                    assert peer["ipBlock"]["except"]
        pod = pods(name)[process]
        (selected,) = {spec["podSelector"]["matchLabels"]["app.kubernetes.io/component"]}
        assert selected == pod["containers"][0]["name"] == process


def test_ways_out_that_a_policy_cannot_know_have_to_be_named() -> None:
    assert "networkPolicy.storage.to" in refused(changed("production", networkPolicy__storage={
        "ports": [443], "to": []}))  # fmt: skip
    assert "networkPolicy.mail.to" in refused(changed("production", networkPolicy__mail={
        "ports": [587], "to": []}))  # fmt: skip
    keyless = ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN"]
    machine = changed("production", secrets__keys=keyless)
    assert "networkPolicy.identity.to" in refused(machine)
    asked = [{"ipBlock": {"cidr": "169.254.170.23/32"}}]  # Pod Identity of EKS
    machine["networkPolicy"]["identity"] = {"ports": [80], "to": asked}
    for policy in (each for each in render(machine) if each["kind"] == "NetworkPolicy"):
        found = {"ports": [{"port": 80}], "to": asked} in policy["spec"]["egress"]
        assert found != policy["metadata"]["name"].endswith("migrate")
    collector = "http://collector:4318"
    traced = changed("production", settings__OTEL_EXPORTER_OTLP_ENDPOINT=collector)
    assert "networkPolicy.traces.to" in refused(traced)
    for process, policy in of("production", "NetworkPolicy").items():
        named = {"10.20.0.0/24", "203.0.113.25/32"} & networks(policy)
        assert len(named) == (0 if process == "migrate" else 2), process
    assert "10.30.0.0/24" in networks(of("everything", "NetworkPolicy")["deliver"])
    off = render(changed("production", networkPolicy__enabled=False))
    assert "NetworkPolicy" not in {manifest["kind"] for manifest in off}


def test_names_are_asked_at_the_port_that_the_cluster_has() -> None:
    for name in SETS:
        for policy in of(name, "NetworkPolicy").values():
            assert [
                {"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"},
            ] in [rule["ports"] for rule in policy["spec"]["egress"]]  # fmt: skip
    shift = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openshift-dns"}}}
    ]
    values = changed("smallest", networkPolicy__dns={"ports": [5353], "to": shift})
    for policy in (each for each in render(values) if each["kind"] == "NetworkPolicy"):
        (rule,) = (rule for rule in policy["spec"]["egress"] if rule["to"] == shift)
        assert [row["port"] for row in rule["ports"]] == [5353, 5353]


def test_sweeper_can_ask_whether_the_site_answers() -> None:
    for name in SETS:
        asked = {m["data"].get("SITE_PROBE_URL") for m in of(name, "ConfigMap").values()} - {None}
        (web,) = (row for row in of(name, "Service").values())
        host, port = web["metadata"]["name"], web["spec"]["ports"][0]["port"]
        assert asked == {f"http://{host}:{port}/health/ready"}
        policies = of(name, "NetworkPolicy")
        (rule,) = (
            rule
            for rule in policies["sweep"]["spec"]["egress"]
            if rule["ports"] == [{"port": 8000}]
        )
        assert rule["to"][0]["podSelector"] == policies["web"]["spec"]["podSelector"]
        for rule in policies["web"]["spec"]["ingress"]:
            let_in = rule.get("from", [{"podSelector": policies["sweep"]["spec"]["podSelector"]}])
            assert {"podSelector": policies["sweep"]["spec"]["podSelector"]} in let_in


def test_migrations_run_once_a_version_and_pods_wait_for_them() -> None:
    (job,) = of("production", "Job").values()
    assert "annotations" not in job["metadata"]  # no hook
    assert pods("production")["migrate"].get("initContainers") is None
    (again,) = (each for each in render(values_of("production")) if each["kind"] == "Job")
    (other,) = (
        each for each in render(changed("production", image__tag="0.2.0")) if each["kind"] == "Job"
    )
    assert again["metadata"]["name"] == job["metadata"]["name"] != other["metadata"]["name"]


@pytest.mark.django_db(transaction=True)
def test_pods_can_ask_for_migrations_without_knowing_the_owner(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_OWNER = None
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = tableowner FROM pg_tables WHERE tablename = %s", [
            "django_migrations"])  # fmt: skip
        assert cursor.fetchone() == (False,)
    call_command("migrate", "--check")
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *args: [("one", False)])
    with pytest.raises(SystemExit):
        call_command("migrate", "--check")


def test_scaling_goes_by_what_metrics_has(told: dict[str, set[str]]) -> None:
    adapter = yaml.safe_load((ROOT / "deploy/prometheus/adapter.yml").read_text())
    offered = {rule["name"]["as"]: rule for rule in adapter["rules"]["external"]}
    asked = set()
    hpas = of("production", "HorizontalPodAutoscaler")
    assert hpas.keys() == {"web", "worker"}
    for metric in hpas["worker"]["spec"]["metrics"]:
        if metric["type"] == "External":
            name = metric["external"]["metric"]["name"]
            asked.add(name)
            assert metric["external"]["metric"]["selector"]["matchLabels"] == {"pool": "cpu"}
    assert asked == offered.keys()
    queries = [
        rule["metricsQuery"].replace("<<.LabelMatchers>>", 'pool="cpu"')
        for rule in offered.values()
    ]
    assert {rule["seriesQuery"] for rule in offered.values()} <= told.keys()
    scaled = of("everything", "ScaledObject")
    assert scaled.keys() == {"web", "worker", "worker-io", "worker-gpu"}
    for process, manifest in scaled.items():
        triggers = [each["metadata"] for each in manifest["spec"]["triggers"]]
        own = [each["query"] for each in triggers if "query" in each]
        pool = {"worker": "cpu", "worker-io": "io", "worker-gpu": "gpu"}.get(process)
        assert bool(own) == (pool is not None)
        assert all(f'pool="{pool}"' in query for query in own)
        queries += own
    for query in queries:
        for selector in asked_for(query)[0]:
            assert {label for label, _ in selector.wanted} <= told[selector.name], query
            for label, value in selector.wanted:
                assert set(value.split("|")) <= METRIC_VALUES[selector.name, label], query
            if selector.name == "ocrsite_tasks":  # what is put off needs no worker yet
                due = dict(selector.wanted)["state"].split("|")
                assert "waiting" in due and set(due) <= set(Task.State.values), query
    for name in ("production", "everything"):
        for process, deployment in of(name, "Deployment").items():
            autoscaled = process in (hpas if name == "production" else scaled)
            assert ("replicas" in deployment["spec"]) != autoscaled


def test_prometheus_finds_web_and_the_rules() -> None:
    (monitor,) = of("everything", "ServiceMonitor").values()
    (rules,) = of("everything", "PrometheusRule").values()
    assert rules["spec"] == yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "ocrsite"}]
    service = of("everything", "Service")["web"]
    assert (
        monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    )
    assert service["spec"]["ports"][0]["name"] == endpoint["port"]
    assert "METRICS_TOKEN" in refused(
        changed("everything", secrets__keys=["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
    )
    boards = {
        name: manifest["data"]
        for name, manifest in of("everything", "ConfigMap").items()
        if "grafana_dashboard" in manifest["metadata"]["labels"]
    }
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        (data,) = (each for each in boards.values() if path.name in each)
        assert json.loads(data[path.name]) == json.loads(path.read_text())


def test_secrets_are_no_settings_in_the_open() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    withheld = set(schema["definitions"]["settings"]["propertyNames"]["not"]["enum"])
    secret = re.findall(
        r"^((?!RATE_)\w*(?:SECRET|PEPPER|TOKEN|PASSWORD|_KEY|HEADERS|EMAIL_URL|DATABASE\w*_URL|REDIS_URL)"
        r"(?:_FALLBACKS)?)=",
        EXAMPLE,
        re.M,
    )
    assert len(secret) > 12
    assert set(secret) <= withheld


def test_people_come_to_web_by_ingress_gateway_or_balancer() -> None:
    for name, kind in (("production", "Ingress"), ("everything", "HTTPRoute")):
        service = of(name, "Service")["web"]
        selected = service["spec"]["selector"]
        pod = of(name, "Deployment")["web"]["spec"]["template"]
        assert selected.items() <= pod["metadata"]["labels"].items()
        (port,) = service["spec"]["ports"]
        (opened,) = pod["spec"]["containers"][0]["ports"]
        assert (port["targetPort"], opened["name"], opened["containerPort"]) == (
            "http",
            "http",
            8000,
        )
        (way,) = (each for each in manifests_of(name) if each["kind"] == kind)
        rules = way["spec"]["rules"]
        if kind == "Ingress":
            assert way["spec"]["tls"] == [
                {"hosts": ["ocr.example.com"], "secretName": "ocr-example-com"}
            ]
            (path,) = rules[0]["http"]["paths"]
            named = path["backend"]["service"]
            assert rules[0]["host"] == "ocr.example.com"
            assert named["port"]["name"] == port["name"]
        else:
            (named,) = rules[0]["backendRefs"]
            assert way["spec"]["hostnames"] == ["ocr.example.com"]
            assert named["port"] == port["port"]
        assert named["name"] == service["metadata"]["name"]
    balanced = {"type": "LoadBalancer", "loadBalancerSourceRanges": ["198.51.100.0/24"]}
    made = render(changed("smallest", web__service=balanced))
    (service,) = (each["spec"] for each in made if each["kind"] == "Service")
    assert balanced.items() <= service.items()
    assert not [
        each for each in manifests_of("smallest") if each["kind"] in ("Ingress", "HTTPRoute")
    ]


def test_who_is_believed_about_addresses_is_who_alone_reaches_web() -> None:
    """Where X-Forwarded-For counts, only the proxy, Prometheus and the sweeper come in."""
    for name in SETS:
        (configured,) = (
            manifest["data"]
            for manifest in of(name, "ConfigMap").values()
            if "SITE_URL" in manifest["data"]
        )
        (rule,) = of(name, "NetworkPolicy")["web"]["spec"]["ingress"]
        assert bool(rule.get("from")) == ("TRUSTED_PROXIES" in configured), name
    believing = changed("smallest", settings__TRUSTED_PROXIES=1)
    assert "networkPolicy.from" in refused(believing)
    render(changed("smallest", settings__TRUSTED_PROXIES=0))
    believing["networkPolicy"] = {"enabled": False}
    assert "nobody but the proxy may reach" in notes(believing)
    two_ways = {"web__service": {"type": "LoadBalancer"}, "settings__TRUSTED_PROXIES": 1}
    render(changed("production", **two_ways))  # somebody has thought of it


def test_who_scales_by_what_waits_lets_prometheus_in() -> None:
    for name in ("production", "everything"):
        values = values_of(name)
        assert values["worker"]["autoscaling"]["enabled"]
        assert len(of(name, "ServiceMonitor")) == 1
        (rule,) = of(name, "NetworkPolicy")["web"]["spec"]["ingress"]
        named = [peer.get("namespaceSelector", {}).get("matchLabels", {}) for peer in rule["from"]]
        assert {"kubernetes.io/metadata.name": "monitoring"} in named
        assert "goes by what waits" not in notes(values)
    alone = changed("production", monitoring={"enabled": False})
    assert "worker.autoscaling goes by what waits" in notes(alone)


def test_notes_tell_of_what_is_easily_forgotten() -> None:
    told = notes(values_of("production"))
    assert "size of bodies" not in told
    assert "5432, 6379, 6432 (networkPolicy.servers)" in told
    bare = changed("production", ingress={"enabled": True, "className": "nginx"})
    assert "nginx.ingress.kubernetes.io/proxy-body-size: 502m" in notes(bare)


def test_chart_is_packed_with_what_it_takes_from_elsewhere(tmp_path: Path) -> None:
    helm_library.package(str(CHART), str(tmp_path))
    (packed,) = tmp_path.glob("*.tgz")
    with tarfile.open(packed) as archive:
        names = set(archive.getnames())
        rules = archive.extractfile("ocrsite/files/rules.yml")
        assert rules is not None
        assert rules.read() == (ROOT / "deploy/prometheus/rules.yml").read_bytes()
    boards = (ROOT / "deploy/grafana/dashboards").glob("*.json")
    assert {f"ocrsite/files/dashboards/{path.name}" for path in boards} < names
    assert "ocrsite/files/settings.env" in names
    assert not [name for name in names if "/ci/" in name]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"host": ""}, "host"),
        ({"hots": "ocr.example.com"}, "hots"),
        ({"web__replicas": "three"}, "replicas"),
        ({"worker__gpu": 1}, "gpu"),
        ({"settings__SECRET_KEY": "x"}, "SECRET_KEY"),
        ({"settings__VAR_DIR": "/data"}, "VAR_DIR"),
        ({"settings__MAX_UPLOAD_BITES": 1}, "MAX_UPLOAD_BITES is no setting"),
        ({"worker__env": {"WORKER_THREAD": 1}}, "WORKER_THREAD is no setting"),
        ({"secrets__keys": ["SECRET_KEY", "DATABASE_URL"]}, "REDIS_URL"),
        ({"secrets__keys": ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "S4_KEY"]}, "S4_KEY is no"),
        ({"settings__S3_BUCKET": ""}, "persistence.enabled"),
        ({"autoscaling__kind": "cron"}, "kind"),
        ({"worker__autoscaling": {"enabled": True, "min": 0, "max": 2}}, "keda"),
        ({"worker__autoscaling": {"enabled": True, "min": 3, "max": 2}}, "above max"),
        ({"autoscaling__kind": "keda"}, "autoscaling.prometheus"),
        ({"persistence__accessMode": "ReadOnlyMany"}, "accessMode"),
        ({"networkPolicy__servers__to": [{"cidr": "10.0.0.0/8"}]}, "cidr"),
        ({"gateway": {"enabled": True, "parentRefs": []}}, "parentRefs"),
        ({"networkPolicy__from": []}, "networkPolicy.from"),
        ({"worker__autoscaling": NOTHING}, "worker.autoscaling is on and goes by nothing"),
        ({"web__service": {"type": "LoadBalancer"}}, "make it ClusterIP"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)  # fmt: skip
def test_wrong_values_are_refused(changes: dict[str, Any], told: str) -> None:
    assert told in refused(changed("production", **changes))


def documented(heading: str) -> tuple[str, list[dict[str, Any]]]:
    """A part of the page, and its YAML."""
    page = (ROOT / "docs/deployment.md").read_text()
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return section, [
        yaml.safe_load(each) for each in re.findall(r"```yaml\n(.+?)```", section, re.S)
    ]


def test_example_of_the_docs_opens_the_way_to_the_collector_of_traces() -> None:
    _, (values,) = documented("With Kubernetes")
    _, (_, added) = documented("Tracing")
    for part in ("settings", "networkPolicy"):
        values[part] |= added[part]
    for policy in (each for each in render(values) if each["kind"] == "NetworkPolicy"):
        ways = [
            rule["to"] for rule in policy["spec"]["egress"] if rule["ports"] == [{"port": 4318}]
        ]
        once = policy["metadata"]["name"].endswith("migrate")
        assert ways == ([] if once else [added["networkPolicy"]["traces"]["to"]])


def test_example_of_the_docs_is_rendered() -> None:
    section, (written,) = documented("With Kubernetes")
    made = {manifest["kind"]: manifest for manifest in render(written)}
    assert {"Deployment", "Job", "Ingress", "NetworkPolicy"} <= made.keys()
    # what ingress-nginx does by itself lets no scan in, and ends ?wait=
    bounds = made["Ingress"]["metadata"]["annotations"]
    assert bounds == values_of("production")["ingress"]["annotations"]
    body, wait = bounds.values()
    assert int(body.removesuffix("m")) * 1_000_000 > settings.MAX_BATCH_BYTES
    assert int(wait) > settings.MAX_WAIT_SECONDS
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for path in re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z]+)+)`", section):
        head, *rest = path.split(".")
        if head in values:
            at = values[head]
            for part in rest:
                assert part in at, path
                at = at[part]
