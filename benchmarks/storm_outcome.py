"""What came of a storm of kills: compared with what was sent, reported, checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.storm_site import RECOVERY_SECONDS, Document, Storm

ENDED = ("succeeded", "partial", "failed", "cancelled")


@dataclass(frozen=True)
class Outcome:
    """What came of it; every list is of job ids and should be empty but ``innocent``."""

    by_status: dict[str, int]
    lost: list[str]
    doubled: list[str]
    unended: list[str]
    wrong_pages: list[str]
    wrong_bills: list[str]
    innocent: list[tuple[str, str]]
    tasks: int


def outcome(storm: Storm) -> Outcome:
    """Compare what was sent with what the rows say."""
    jobs = {
        str(pk): (status, error or "", numbers or [])
        for pk, status, error, numbers in storm.ask(
            "SELECT id, status, error->>'code', (SELECT array_agg(number ORDER BY number) "
            "FROM jobs_page WHERE job_id = jobs_job.id) FROM jobs_job"
        )
    }
    wrong_bills = storm.ask(
        "SELECT jobs_job.id FROM jobs_job LEFT JOIN (SELECT job_id, sum(pages) AS pages, "
        "count(*) AS runs FROM accounts_usagerecord GROUP BY 1) billed "
        "ON billed.job_id = jobs_job.id "
        "WHERE coalesce(billed.runs, 0) <> jobs_job.run + 1 OR billed.pages <> (SELECT count(*) "
        "FROM jobs_page WHERE jobs_page.job_id = jobs_job.id AND NOT failed)"
    )
    sent = {job: document for job, document in storm.accepted.items() if job in jobs}
    return Outcome(
        by_status=dict(Counter(status for status, _, _ in jobs.values())),
        lost=[job for job in storm.accepted if job not in jobs],
        doubled=[job for job in jobs if job not in storm.accepted],
        unended=[job for job, (status, _, _) in jobs.items() if status not in ENDED],
        wrong_pages=[
            job
            for job, document in sent.items()
            if not _right_pages(document, jobs[job][0], jobs[job][2])
        ],
        wrong_bills=[str(pk) for (pk,) in wrong_bills],
        innocent=[
            (jobs[job][0], jobs[job][1])
            for job, document in sent.items()
            if document.pages and jobs[job][0] in ("failed", "partial")
        ],
        tasks=int(storm.ask("SELECT count(*) FROM jobs_task")[0][0]),
    )


def _right_pages(document: Document, status: str, numbers: list[int]) -> bool:
    if status in ("succeeded", "partial"):
        return numbers == list(range(1, document.pages + 1))
    return len(set(numbers)) == len(numbers) <= document.pages


def report(storm: Storm, found: Outcome, seconds: float) -> None:
    """What came of it, as Markdown."""
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(found.by_status.items()))
    kinds = ", ".join(f"{count} {kind}" for kind, count in storm.killed.items())
    refused = ", ".join(f"{count} {code or 'cut off'}" for code, count in storm.refused.items())
    innocent = ", ".join(
        f"{count} {status} {code}".strip()
        for (status, code), count in Counter(found.innocent).items()
    )
    fourths = quantiles(storm.recovered, n=4)
    print("| what | figure |\n|---|---|")
    print(f"| jobs accepted | {len(storm.accepted)} |")
    print(f"| how they ended | {statuses} |")
    print(f"| cancelled and retried meanwhile | {storm.asked['cancel']}, {storm.asked['retry']} |")
    print(f"| processes killed | {sum(storm.killed.values())}: {kinds} |")
    print(f"| submissions to be sent again | {refused or 'none'} |")
    counts = len(found.lost), len(found.doubled), len(found.unended)
    print("| lost; doubled; not ended | {}; {}; {} |".format(*counts))
    print(f"| results with other pages than sent | {len(found.wrong_pages)} |")
    print(f"| jobs with another bill than their pages | {len(found.wrong_bills)} |")
    print(f"| good documents that did not succeed | {innocent or 'none'} |")
    print(
        "| seconds until work went on and the site answered: quartiles, most | "
        f"{fourths[0]:.1f}, {fourths[1]:.1f}, {fourths[2]:.1f}, {max(storm.recovered):.1f} |"
    )
    if storm.taken_up:
        print(
            "| seconds until another worker took up a killed one's task: fewest, most | "
            f"{min(storm.taken_up):.1f}, {max(storm.taken_up):.1f} |"
        )
    print(f"| seconds in all | {seconds:.0f} |", flush=True)


def check(storm: Storm, found: Outcome) -> None:
    """Raises AssertionError where a promise was broken."""
    assert not found.lost
    assert not found.doubled
    assert not found.unended
    assert not found.tasks
    assert not found.wrong_pages
    assert not found.wrong_bills
    assert set(storm.refused) <= {0, 503}
    assert max(storm.recovered) < RECOVERY_SECONDS
    assert max(storm.taken_up, default=0.0) < RECOVERY_SECONDS
