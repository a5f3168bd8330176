"""The menu of every page: one table, of which each person sees what they may open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Actor, session_actor
from jobs import review_queue


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu: ``action`` opens it ("" is everybody's), ``icon`` is one of icons.svg.

    ``count`` is what waits there, asked on every page: limited, by an index.
    Pages whose address begins with the entry's belong to it, but for those of a longer entry.
    """

    title: Promise | str
    url_name: str
    icon: str
    action: str = "jobs:read"
    count: Callable[[Actor], int] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a page shows it; ``current`` is "page", "true" (a page below it) or "".

    ``count`` is "" for nothing, and "99+" for more than anybody counts.
    """

    title: Promise | str
    address: str
    icon: str
    current: str
    count: str


# Groups, of which lines stand between
MENU: Sequence[Sequence[Entry]] = (
    (
        Entry(_("Home"), "home", "home"),
        Entry(_("Jobs"), "job-list-page", "document"),
        Entry(
            *(_("Review"), "review-page", "review", "fields:correct"),
            count=review_queue.count_for_menu,
        ),
        Entry(_("Templates"), "template-list-page", "template"),
    ),
    (
        Entry(_("Compare"), "comparison-list-page", "compare"),
        Entry(_("Fine-tuning"), "fine-tuning-page", "tune"),
        Entry(_("Analytics"), "analytics-page", "chart", "usage:read"),
    ),
    (
        Entry(_("API console"), "console-page", "code"),
        Entry(_("Settings"), "organisation-page", "settings"),
    ),
)


def menu_for(request: HttpRequest) -> list[list[Shown]]:
    """The groups with what the request's person may open, empty ones left out."""
    actor = session_actor(request)
    if actor is None:
        return []
    addresses = {entry: reverse(entry.url_name) for group in MENU for entry in group}
    below = [a for a in addresses.values() if a != "/" and f"{request.path}/".startswith(f"{a}/")]
    longest = max(below, key=len, default="")

    def current(address: str) -> str:
        if request.path == address:
            return "page"
        return "true" if address == longest else ""

    groups = [
        [
            Shown(
                entry.title,
                addresses[entry],
                entry.icon,
                current(addresses[entry]),
                _counted(entry.count(actor)) if entry.count else "",
            )
            for entry in group
            if not entry.action or actor.may(entry.action)
        ]
        for group in MENU
    ]
    return [group for group in groups if group]


def _counted(number: int) -> str:
    if number >= review_queue.MOST_COUNTED:
        return f"{review_queue.MOST_COUNTED - 1}+"
    return str(number) if number else ""


def menu(request: HttpRequest) -> dict[str, Any]:
    """The template variable ``menu``, read when a template first uses it."""
    return {"menu": SimpleLazyObject(lambda: menu_for(request))}
