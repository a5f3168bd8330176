"""The commands that tell of the site and what it has done: jobs, usage, service-level, health."""

from __future__ import annotations

import argparse
from typing import Any

from ocrsite_client.cli.documents import OK
from ocrsite_client.cli.showing import put_json, put_table
from ocrsite_client.client import Client
from ocrsite_client.service_level import ErrorBudget, Objective

NO_ANSWER = 5
QUOTA = ("limit", "used", "reserved", "remaining")


def jobs(site: Client, given: argparse.Namespace) -> int:
    """List jobs, newest first."""
    filters = {"status": given.status, "engine": given.engine, "q": given.search}
    size = min(given.limit, 200)
    found = []
    for job in site.jobs(page_size=size, **{k: v for k, v in filters.items() if v}):
        found.append(job)
        if len(found) >= given.limit:
            break
    if given.json:
        put_json([job.data for job in found])
    else:
        put_table(
            ["JOB", "CREATED", "STATUS", "PAGES", "NAME"],
            [
                [job.id, job.data["created_at"][:19], job.status, job.pages_total, job.name]
                for job in found
            ],
        )
    return OK


def usage(site: Client, given: argparse.Namespace) -> int:
    """Show what was used, and what is left."""
    asked = {"by": given.by, "from": getattr(given, "from"), "to": given.to}
    found = site.usage(**{name: value for name, value in asked.items() if value})
    if given.json:
        put_json(found)
        return OK
    total = found["total"]
    put_table(
        ["FROM", "TO", "CALLS", "PAGES", "CACHED", "FAILED", "OPEN", "COST"],
        [
            [
                found["from"][:16],
                found["to"][:16],
                *(total[name] for name in ("calls", "pages", "cached", "failed", "open")),
                ", ".join(f"{amount} {unit}" for unit, amount in total["cost"].items()) or "-",
            ]
        ],
    )
    print()
    put_table(
        ["QUOTA", *(part.upper() for part in QUOTA)],
        [
            [name, *("-" if row[part] is None else row[part] for part in QUOTA)]
            for name, row in found["quotas"].items()
        ],
    )
    return OK


def service_level(site: Client, given: argparse.Namespace) -> int:
    """Show what the plan promises, what was measured in a month, and what is left of the budget."""
    found = site.service_level(given.month)
    if given.json:
        put_json(found)
        return OK
    put_table(
        ["MONTH", "", "PLAN"],
        [[found["month"], "over" if found["over"] else "so far", found["plan"] or "-"]],
    )
    print()
    calls, asked = found["availability"], found["site"]
    rows: list[list[Any]] = [
        ["calls", percent(calls["promised_percent"]), percent(calls["measured_percent"]), "-",
         calls["calls"], *left(calls["budget"])],
        *(
            [f"{each['priority']} priority", promise(each["promised"]),
             percent(each["measured_percent"]), seconds(each["p95_seconds"]),
             each["jobs"], *left(each["budget"])]
            for each in found["turnaround"]
        ),
        ["site, by minutes", "-", percent(asked["measured_percent"]), "-",
         asked["asked"], asked["asked"] - asked["answered"], "-"],
    ]  # fmt: skip
    put_table(["WHAT", "PROMISED", "MEASURED", "P95", "COUNTED", "MISSED", "BUDGET LEFT"], rows)
    return OK


def health(site: Client, given: argparse.Namespace) -> int:
    """Show how the site is."""
    found = site.health()
    if given.json:
        put_json(found)
    else:
        rows = [["status", found["status"]], ["version", found["version"]]]
        rows += [[name, "ok" if each["ok"] else "FAILS"] for name, each in found["checks"].items()]
        rows += [["workers", found["workers"]], ["waiting", found["queue"].get("waiting")]]
        rows += [["paused", each["detail"]] for each in found["paused"]]
        put_table(["WHAT", "STATE"], rows)
    return NO_ANSWER if found["status"] == "unavailable" else OK


def percent(number: float | None) -> str:
    """In a cell."""
    return "-" if number is None else f"{number:g} %"


def seconds(number: float | None) -> str:
    """In a cell."""
    return "-" if number is None else f"{number:g} s"


def promise(meant: Objective | None) -> str:
    """What a plan promises of a priority, in a cell."""
    if meant is None:
        return "-"
    more = f" + {seconds(meant['seconds_a_page'])}/page" if meant["seconds_a_page"] else ""
    return f"{percent(meant['share'])} in {seconds(meant['seconds'])}{more}"


def left(budget: ErrorBudget) -> list[str | int]:
    """How many missed a promise, and what is left of the error budget: two cells."""
    if budget["left_percent"] is None:
        return ["-", "-"]
    return [budget["missed"], f"{budget['left']:g} ({percent(budget['left_percent'])})"]
