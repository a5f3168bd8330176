"""The menu of every page: one table, of which each person sees what they may open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import session_actor


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu: ``action`` opens it ("" is everybody's), ``icon`` is one of icons.svg.

    Pages whose address begins with the entry's belong to it, but for those of a longer entry.
    """

    title: Promise | str
    url_name: str
    icon: str
    action: str = "jobs:read"


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a page shows it; ``current`` is "page", "true" (a page below it) or ""."""

    title: Promise | str
    address: str
    icon: str
    current: str


# Groups, of which lines stand between
MENU: Sequence[Sequence[Entry]] = (
    (
        Entry(_("Home"), "home", "home"),
        Entry(_("Jobs"), "job-list-page", "document"),
        Entry(_("Batches"), "batch-list-page", "batch"),
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
            Shown(entry.title, addresses[entry], entry.icon, current(addresses[entry]))
            for entry in group
            if not entry.action or actor.may(entry.action)
        ]
        for group in MENU
    ]
    return [group for group in groups if group]


def menu(request: HttpRequest) -> dict[str, Any]:
    """The template variable ``menu``, read when a template first uses it."""
    return {"menu": SimpleLazyObject(lambda: menu_for(request))}
