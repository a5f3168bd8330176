"""What the second wall costs: the API's calls with row-level security and without, in one run.

One site, whose database has many jobs. The owner switches the policies off and on again in turn, a
few calls of one client at a time. The statements bring their setting along in both cases: that
costs too, and is measured by itself, as statements on one connection. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks import many_rows
from benchmarks.load import Call, Client, call, form
from benchmarks.overhead import percentile
from benchmarks.unlimited import lift_limits
from ocrsite.embedded import free_port
from ocrsite.run import Site, site
from tests.documents import text_pdf

AT_ONCE = 20  # calls of each kind, before the policies are switched
SWITCH = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT polrelid::regclass::text FROM pg_policy LOOP
        EXECUTE format('ALTER TABLE %%s %s ROW LEVEL SECURITY', name);
    END LOOP;
END $$
"""


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    chosen = parser.parse_args()
    lift_limits()
    with tempfile.TemporaryDirectory(prefix="ocrsite-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with site(folder / "site", port=free_port(), workers=0) as running:
            owner = running.supervisor.running.owner_url
            many_rows.fill(owner, chosen.jobs)
            with psycopg.connect(owner, autocommit=True) as database:

                def switch(on: bool) -> None:
                    database.execute((SWITCH % ("ENABLE" if on else "DISABLE")).encode())

                measure(running, switch, chosen.rounds)
                setting(owner)


def measure(running: Site, switch: Callable[[bool], None], rounds: int) -> None:
    """Call in turn with and without; print the table."""
    client = Client(running.url)
    asked = calls(running, client)
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in asked}
    for number in range(rounds + 1):
        for on in (False, True) if number % 2 else (True, False):
            switch(on)
            for name, each in asked.items():
                for _ in range(5):  # plans are made anew
                    client.timed(each)
                taken = [client.timed(each) * 1000 for _ in range(AT_ONCE)]
                if number:  # the first ones load and warm
                    times[name][on].extend(taken)
    print("| call | without: p10, p50 ms | with: p10, p50 ms | ratio p10 | ratio p50 |")
    print("|---|---|---|---|---|")
    for name, both in times.items():
        p10 = [percentile(each, 0.10) for each in both]  # hardly disturbed by others
        p50 = [statistics.median(each) for each in both]
        print(
            f"| {name} | {p10[0]:.2f}, {p50[0]:.2f} | {p10[1]:.2f}, {p50[1]:.2f} "
            f"| {p10[1] / p10[0]:.2f} | {p50[1] / p50[0]:.2f} |"
        )


def setting(owner: str) -> None:
    """What the setting in front of a statement costs, and what a policy does."""
    sql = "SELECT * FROM {} WHERE id = (SELECT id FROM one)"
    tenant = "SET LOCAL ocrsite.tenant = '0197a1b2-0000-7000-8000-000000000000'; "
    made = "CREATE TEMP TABLE one AS SELECT id FROM jobs_job LIMIT 1"
    with psycopg.connect(owner, autocommit=True, cursor_factory=psycopg.ClientCursor) as database:
        database.execute(made)
        database.execute("GRANT SELECT ON one TO ocrsite_app; SET ROLE ocrsite_app")
        times: dict[str, list[float]] = {"alone": [], "with the setting": []}
        for _ in range(2_000):
            for name, before in (("alone", ""), ("with the setting", tenant)):
                begun = time.perf_counter()
                database.execute((before + sql.format("jobs_job")).encode())
                times[name].append((time.perf_counter() - begun) * 1e6)
    print("\n| statement | p10 us | p50 us |\n|---|---|---|")
    for name, each in times.items():
        print(f"| {name} | {percentile(each, 0.10):.0f} | {statistics.median(each):.0f} |")


def calls(running: Site, client: Client) -> dict[str, Call]:
    """The calls by their names in the table."""
    jobs = f"{running.url}/api/v1/ocr/jobs"

    def get(path: str) -> Call:
        return call("GET", path, key=running.key)

    newest = json.loads(client.send(get(f"{jobs}?status=succeeded")))["results"][0]
    job = newest["links"]["self"]
    return {
        "list, newest 50": get(jobs),
        "job by id": get(job),
        "page by number": get(f"{job}/pages/1"),
        "submit": form(jobs, text_pdf(["One page of text."]), key=running.key, status=202),
    }


if __name__ == "__main__":
    main()
