"""The whole OpenAPI document against a running site, by schemathesis, as everybody there can be.

Each caller (nobody, each role by access token, each scope alone by key, a key with all of them) has
an organisation of its own with a job, batch, template, webhook, delivery and key, and two runs: one
that draws everything, and one whose paths name those objects, without DELETE. Found failures are
printed; the table is in Markdown. Not asked for: that everything allowed by the document is
accepted (positive_data_acceptance) and all else refused (negative_data_rejection): rules between
fields, and unknown names that are ignored, are not in a schema.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from benchmarks.unlimited import lift_limits
from ocrsite.run import site

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
)
ENDING_KEYS = ("key_change", "key_rotate", "key_rotate_end", "key_revoke")
LONG = timedelta(hours=12)  # an access token lives for ten minutes
PHASES = "examples,coverage,fuzzing,stateful"
OWN = """
[parameters]
"path.id" = "{pk}"
"path.number" = 1
"path.field" = "total_amount"

[[operations]]
include-path-regex = "/templates/[{{]"
parameters = {{ "path.name" = "of-{pk}" }}
"""


@dataclass
class Outcome:
    """One caller's run."""

    caller: str
    seconds: float
    operations: int = 0
    statuses: Counter[str] = field(default_factory=Counter)  # by hundred
    failures: Counter[str] = field(default_factory=Counter)  # by check

    @property
    def calls(self) -> int:
        """Requests that were answered."""
        return sum(self.statuses.values())


def main() -> None:
    """Run it and print the table; exit code 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="for each operation and phase")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8600)
    parser.add_argument("--only", default="", help="callers with this in their name")
    arguments = parser.parse_args()
    lift_limits()
    os.environ["LOG_LEVEL"] = "ERROR"
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with site(folder, port=arguments.port, workers=1) as running:
            os.environ |= running.supervisor.env
            os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
            import django

            django.setup()
            from accounts.row_security import process_sees_everything

            process_sees_everything()
            outcomes = [
                fuzz(running.url, caller, folder, arguments.examples, arguments.seed, own)
                for caller in callers(arguments.only)
                for own in (True, False)  # that draws everything may remove the objects
            ]
    table(outcomes)
    sys.exit(any(outcome.failures for outcome in outcomes))


@dataclass(frozen=True)
class Caller:
    """Somebody, with the id of the objects that are there."""

    name: str
    header: str  # Authorization; "" for nobody
    pk: UUID


def callers(only: str) -> list[Caller]:
    """Those with ``only`` in their names."""
    from django.db.models.functions import Now

    from accounts.models import Membership
    from accounts.permissions import SCOPES, Role
    from accounts.tokens import issue
    from jobs.models import Batch, Job, Status
    from tests.people import organisation
    from tests.test_isolation import rows_of

    names = ["nobody", *Role.values, *(f"key: {scope}" for scope in SCOPES), "key: all scopes"]
    found = []
    for number, name in enumerate(name for name in names if only in name):
        own = organisation(f"org{number}")
        pk, header = rows_of(own).pk, ""
        if name in Role.values:
            person = own.owner if name == Role.OWNER else own.join(Role(name))
            token = issue(Membership.objects.get(tenant=own.tenant, user=person)).access_token
            token.set_exp(from_time=token.current_time, lifetime=LONG)
            header = f"Bearer {token}"
        elif name != "nobody":
            scope = name.removeprefix("key: ")
            client = own.api(*([scope] if scope in SCOPES else SCOPES))
            header = client._credentials["HTTP_AUTHORIZATION"]  # type: ignore[attr-defined]
        found.append(Caller(name, header, pk))
    while Job.objects.filter(status__in=(Status.QUEUED, Status.RUNNING)).exists():
        time.sleep(0.5)  # the site's worker may have been faster
    # No job of theirs ends any more: events of them would go on for half an hour
    Batch.objects.filter(completed_at=None).update(completed_at=Now())
    return found


def fuzz(url: str, caller: Caller, folder: Path, examples: int, seed: int, own: bool) -> Outcome:
    """Run schemathesis as that caller."""
    report, config = folder / "report.ndjson", folder / "schemathesis.toml"
    config.write_text(OWN.format(pk=caller.pk) if own else "")
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        f"--config-file={config}",
        "--no-color",
        "run",
        f"{url}/api/v1/schema?format=json",
        f"--checks={','.join(CHECKS)}",
        f"--phases={PHASES}",
        f"--max-examples={examples}",
        f"--seed={seed}",
        "--continue-on-failure",
        "--no-shrink",
        "--workers=1",  # with more, Python 3.11 now and then fails inside of hypothesis
        "--request-timeout=90",
        "--suppress-health-check=all",
        "--warnings=off",
        f"--report-ndjson-path={report}",
    ]
    command += [f"--header=Authorization: {caller.header}"] if caller.header else []
    if own:
        command += ["--exclude-method=DELETE"]
    elif caller.name.startswith("key: "):  # it would find its own key in the list, and end it
        command += [f"--exclude-operation-id={name}" for name in ENDING_KEYS]
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    name = f"{caller.name}, own objects" if own else caller.name
    outcome = Outcome(name, time.monotonic() - begun)
    read(report, outcome)
    tested = re.search(r"Tested: (\d+)", done.stdout)
    outcome.operations = int(tested[1]) if tested else 0
    if done.returncode:
        failed = done.stdout.partition("= FAILURES =")[2] or done.stdout[-5_000:] + done.stderr
        print(f"## {name}\n{failed.partition('= SUMMARY =')[0]}", file=sys.stderr, flush=True)
        outcome.failures["run"] += not outcome.failures
    print(f"{name}: {outcome.calls} calls, {dict(outcome.failures)}", file=sys.stderr, flush=True)
    return outcome


def read(report: Path, outcome: Outcome) -> None:
    """Add up what the report says of each call."""
    with report.open() as lines:
        for line in lines:
            recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
            for interaction in recorder.get("interactions", {}).values():
                answer = interaction.get("response")
                kind = f"{answer['status_code'] // 100}xx" if answer else "no answer"
                outcome.statuses[kind] += 1
            for checks in recorder.get("checks", {}).values():
                outcome.failures.update(
                    check["name"] for check in checks if check["status"] == "failure"
                )


def table(outcomes: list[Outcome]) -> None:
    """Print it."""
    print("| caller | operations | calls | 2xx | 3xx | 4xx | 5xx | failures | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for each in outcomes:
        by_hundred = " | ".join(f"{each.statuses[kind]:,}" for kind in ("2xx", "3xx", "4xx", "5xx"))
        failures = sum(each.failures.values())
        print(
            f"| {each.caller} | {each.operations} | {each.calls:,} | {by_hundred} | {failures} | "
            f"{each.seconds:.0f} |"
        )


if __name__ == "__main__":
    main()
