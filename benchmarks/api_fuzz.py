"""The whole OpenAPI document against a running site, by schemathesis, as everybody there can be.

Each caller (nobody, each role by access token, each scope alone by key, a key with all of them) has
an organisation of its own with a job, batch, template, webhook, delivery and key. Found failures
are printed; the table is in Markdown. Not asked for: that everything allowed by the document is
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
LONG = timedelta(hours=12)  # an access token lives for ten minutes
PHASES = "examples,coverage,fuzzing,stateful"


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
            outcomes = [
                fuzz(running.url, caller, header, folder, arguments.examples, arguments.seed)
                for caller, header in callers()
                if arguments.only in caller
            ]
    table(outcomes)
    sys.exit(any(outcome.failures for outcome in outcomes))


def callers() -> list[tuple[str, str]]:
    """Each with its Authorization header; "" for nobody."""
    from accounts.models import Membership
    from accounts.permissions import SCOPES, Role
    from accounts.tokens import issue
    from jobs.models import Job, Status
    from tests.people import organisation
    from tests.test_isolation import rows_of

    found = [("nobody", "")]
    for number, role in enumerate(Role):
        own = organisation(f"role{number}")
        rows_of(own)
        person = own.owner if role == Role.OWNER else own.join(role)
        membership = Membership.objects.get(tenant=own.tenant, user=person)
        token = issue(membership).access_token
        token.set_exp(from_time=token.current_time, lifetime=LONG)
        found.append((str(role), f"Bearer {token}"))
    for number, scopes in enumerate([*([scope] for scope in SCOPES), list(SCOPES)]):
        own = organisation(f"scope{number}")
        rows_of(own)
        client = own.api(*scopes)
        name = scopes[0] if len(scopes) == 1 else "all scopes"
        found.append((f"key: {name}", client._credentials["HTTP_AUTHORIZATION"]))
    while Job.objects.filter(status__in=(Status.QUEUED, Status.RUNNING)).exists():
        time.sleep(0.5)  # the site's worker may have been faster
    return found


def fuzz(url: str, caller: str, header: str, folder: Path, examples: int, seed: int) -> Outcome:
    """Run schemathesis as that caller."""
    report = folder / "report.ndjson"
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "--no-color",
        "run",
        f"{url}/api/v1/schema?format=json",
        f"--checks={','.join(CHECKS)}",
        f"--phases={PHASES}",
        f"--max-examples={examples}",
        f"--seed={seed}",
        "--continue-on-failure",
        "--no-shrink",
        "--workers=2",
        "--request-timeout=90",
        "--suppress-health-check=all",
        "--warnings=off",
        f"--report-ndjson-path={report}",
    ]
    command += [f"--header=Authorization: {header}"] if header else []
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    outcome = Outcome(caller, time.monotonic() - begun)
    read(report, outcome)
    tested = re.search(r"Tested: (\d+)", done.stdout)
    outcome.operations = int(tested[1]) if tested else 0
    if done.returncode:
        failed = done.stdout.partition("= FAILURES =")[2] or done.stdout[-5_000:] + done.stderr
        print(f"## {caller}\n{failed.partition('= SUMMARY =')[0]}", file=sys.stderr, flush=True)
        outcome.failures["run"] += not outcome.failures
    print(f"{caller}: {outcome.calls} calls, {dict(outcome.failures)}", file=sys.stderr, flush=True)
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
