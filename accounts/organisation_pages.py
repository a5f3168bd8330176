"""The pages about the organisation itself: one table, from which their menu is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.tenancy import Actor


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """An entry of the menu: its title, the name of its address, and the action that opens it."""

    title: str
    url_name: str
    action: str


PAGES = (
    OrganisationPage("Settings", "organisation-page", "jobs:read"),
    OrganisationPage("Members", "members-page", "members:read"),
    OrganisationPage("API keys", "keys-page", "keys:manage"),
    OrganisationPage("Billing", "billing-page", "billing:read"),
    OrganisationPage("Audit log", "audit-page", "audit:read"),
    OrganisationPage("Export and leave", "organisation-leave-page", "tenant:delete"),
)


def pages_for(actor: Actor) -> list[OrganisationPage]:
    """Those that the actor may open, in the menu's order."""
    return [page for page in PAGES if actor.may(page.action)]
