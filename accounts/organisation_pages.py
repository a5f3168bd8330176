"""The pages about the organisation itself: one table, from which their menu is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Actor


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """An entry of the menu: its title, the name of its address, and the action that opens it."""

    title: Promise
    url_name: str
    action: str


PAGES = (
    OrganisationPage(_("Settings"), "organisation-page", "jobs:read"),
    OrganisationPage(_("Members"), "members-page", "members:read"),
    OrganisationPage(_("API keys"), "keys-page", "keys:manage"),
    OrganisationPage(_("Webhooks"), "webhooks-page", "webhooks:write"),
    OrganisationPage(_("Billing"), "billing-page", "billing:read"),
    OrganisationPage(_("Service level"), "service-level-page", "usage:read"),
    OrganisationPage(_("Audit log"), "audit-page", "audit:read"),
    OrganisationPage(_("Export and leave"), "organisation-leave-page", "tenant:delete"),
)


@dataclass(frozen=True, slots=True)
class ShownPage:
    """An entry as a page shows it; ``current`` is "page", "true" (a page below it) or ""."""

    title: Promise
    address: str
    current: str


def pages_for(actor: Actor, path: str) -> list[ShownPage]:
    """Those that the actor may open, in the menu's order, on the page with this path."""
    addresses = [(page, reverse(page.url_name)) for page in PAGES if actor.may(page.action)]
    below = [address for _page, address in addresses if f"{path}/".startswith(f"{address}/")]
    longest = max(below, key=len, default="")

    def current(address: str) -> str:
        if path == address:
            return "page"
        return "true" if address == longest and address != reverse(PAGES[0].url_name) else ""

    return [ShownPage(page.title, address, current(address)) for page, address in addresses]
