"""The pages about the person themselves: one table, from which their menu is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class AccountPage:
    """An entry of the menu: its title and the name of its address."""

    title: Promise
    url_name: str


PAGES = (
    AccountPage(_("Password"), "account-password"),
    AccountPage(_("Two-factor"), "account-second-factor"),
    AccountPage(_("Sessions"), "account-sessions"),
)
