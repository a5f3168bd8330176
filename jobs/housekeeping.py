"""What the sweeper does now and then, in a thread of its own: it may take long, leases may not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from accounts import audit_retention, audit_seals, expiry
from jobs import departure, orphans, retention, site_probe, waking
from jobs.errors import StorageUnavailable

logger = logging.getLogger(__name__)

EXPIRY_SECONDS = 3600  # between two removals of sign-ins that are over
DEPARTURE_SECONDS = 60  # of one round
FIRST_SECONDS = 60  # after its start, that a process waits with its first rounds
SEAL_SECONDS = 10
WAKE_SECONDS = 2
PRUNE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done every ``seconds``; it ends early when ``stop`` says so."""

    name: str
    seconds: float
    run: Callable[[Callable[[], bool]], object]


def chores() -> tuple[Chore, ...]:
    """What there is to do; every chore may run in several processes at once."""
    daily = settings.ORPHAN_SWEEP_HOURS * 3600
    return (
        Chore("departures", settings.DEPARTURE_SWEEP_SECONDS, go_on_with_departures),
        Chore("retention", settings.RETENTION_SWEEP_SECONDS, retention.sweep),
        *((Chore("orphans", daily, remove_orphans),) if daily else ()),
        Chore("audit retention", PRUNE_SECONDS, audit_retention.sweep),
        Chore("sign-ins", EXPIRY_SECONDS, expiry.remove_expired),
    )


def go_on_with_departures(stop: Callable[[], bool]) -> None:
    """Remove more of the organisations that have left."""
    departure.sweep(stop, seconds=DEPARTURE_SECONDS)


def remove_orphans(stop: Callable[[], bool]) -> None:
    """One pass over the storage, its findings logged."""
    done = orphans.look(delete=True, stop=stop)
    if done.stopped:
        logger.error(
            "%d of %d files have no row: too many to remove them unasked. Is this the right "
            "database? `manage.py orphans` lists them.",
            done.orphans,
            done.files,
        )
    elif done.removed:
        logger.warning("%d files that no row knew were removed", done.removed)


def look_after(stop: threading.Event, todo: tuple[Chore, ...], first: float) -> None:
    """Do the chores in turn, each on its rhythm, until ``stop`` is set."""
    due = {chore.name: time.monotonic() + first for chore in todo}
    while not stop.wait(max(0.0, min(due.values()) - time.monotonic())):
        for chore in todo:
            if due[chore.name] <= time.monotonic():
                _do(chore, stop)
                due[chore.name] = time.monotonic() + chore.seconds


def _do(chore: Chore, stop: threading.Event) -> None:
    close_old_connections()
    try:
        chore.run(stop.is_set)
    except (OperationalError, InterfaceError) as error:
        logger.warning("%s: the database does not answer: %s", chore.name, error)
    except redis.RedisError as error:
        logger.warning("%s: Redis does not answer: %s", chore.name, error)
    except StorageUnavailable:
        logger.warning("%s: the storage does not answer", chore.name)
    except Exception:
        logger.exception("%s failed", chore.name)
    finally:
        connection.close()


def start(stop: threading.Event) -> list[threading.Thread]:
    """Begin, in threads that end soon after ``stop`` is set.

    The audit log has its own, so that no entry waits for its seal until a long chore is done; so
    have the probe of the site, which is due every minute, and the waking of workers.
    """
    sealing = (Chore("audit seals", SEAL_SECONDS, audit_seals.Sealer().run),)
    probing = (Chore("site probe", site_probe.ASK_SECONDS, site_probe.Prober().run),)
    waken = (Chore("waking", WAKE_SECONDS, waking.wake),)
    threads = [
        threading.Thread(target=look_after, args=(stop, todo, first), name=name, daemon=True)
        for name, todo, first in (
            ("housekeeping", chores(), FIRST_SECONDS),
            ("audit seals", sealing, 0),
            *((("site probe", probing, FIRST_SECONDS),) if settings.SITE_PROBE_URL else ()),
            *((("waking", waken, 0),) if settings.WAKE_WORKERS else ()),
        )
    ]
    for thread in threads:
        thread.start()
    return threads
