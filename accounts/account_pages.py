"""The pages about the person themselves: one table, from which their menu is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountPage:
    """An entry of the menu: its title and the name of its address."""

    title: str
    url_name: str


PAGES = (
    AccountPage("Password", "account-password"),
    AccountPage("Two-factor", "account-second-factor"),
    AccountPage("Sessions", "account-sessions"),
)
