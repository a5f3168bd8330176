"""What each role and each key scope may do: one table, and the check that reads it.

A view names the action that each of its methods needs; a method without an action is refused.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_noop, pgettext_lazy
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at run time it would load the settings' classes


class Role(models.TextChoices):
    """A person's part in one tenant."""

    OWNER = "owner", gettext_noop("Owner")
    ADMIN = "admin", gettext_noop("Admin")
    MEMBER = "member", gettext_noop("Member")
    REVIEWER = "reviewer", gettext_noop("Reviewer")
    VIEWER = "viewer", gettext_noop("Viewer")


IN_SENTENCES = {
    Role.OWNER: pgettext_lazy("role within a sentence", "owner"),
    Role.ADMIN: pgettext_lazy("role within a sentence", "admin"),
    Role.MEMBER: pgettext_lazy("role within a sentence", "member"),
    Role.REVIEWER: pgettext_lazy("role within a sentence", "reviewer"),
    Role.VIEWER: pgettext_lazy("role within a sentence", "viewer"),
}


def in_sentence(role: str) -> str:
    """What the role is called within a sentence of a page."""
    return str(IN_SENTENCES[Role(role)])


ACTIONS: dict[str, str] = {
    "jobs:read": gettext_noop("See jobs and their results"),
    "jobs:write": gettext_noop("Submit and delete jobs"),
    "jobs:cancel": gettext_noop("Cancel jobs"),
    "fields:correct": gettext_noop("Correct the fields that were read"),
    "templates:write": gettext_noop("Make and change templates"),
    "training:write": gettext_noop(
        "Fill datasets, train models and change which one engines read with"
    ),
    "webhooks:write": gettext_noop("Make and change webhooks"),
    "usage:read": gettext_noop("See usage"),
    "billing:read": gettext_noop("See plan, costs and invoices"),
    "billing:manage": gettext_noop("Change the budget and who pays"),
    "keys:manage": gettext_noop("Make and revoke API keys"),
    "members:read": gettext_noop("See members and their roles"),
    "members:manage": gettext_noop("Invite, change and remove members"),
    "audit:read": gettext_noop("Read and export the audit log"),
    "settings:write": gettext_noop("Change the organisation's settings"),
    "tenant:transfer": gettext_noop("Hand the organisation over to another member"),
    "tenant:export": gettext_noop("Take everything out of the organisation"),
    "tenant:delete": gettext_noop("Delete the organisation"),
}

OWNERS_ALONE = frozenset({"billing:manage", "tenant:transfer", "tenant:export", "tenant:delete"})

ROLES: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(ACTIONS),
    Role.ADMIN: frozenset(ACTIONS) - OWNERS_ALONE,
    Role.MEMBER: frozenset(
        {
            "jobs:read",
            "jobs:write",
            "jobs:cancel",
            "fields:correct",
            "templates:write",
            "training:write",
            "usage:read",
            "members:read",
        }
    ),
    Role.REVIEWER: frozenset({"jobs:read", "fields:correct", "members:read"}),
    Role.VIEWER: frozenset({"jobs:read", "usage:read", "members:read"}),
}

SCOPES: dict[str, frozenset[str]] = {
    "jobs:read": frozenset({"jobs:read"}),
    "jobs:write": frozenset({"jobs:write", "jobs:cancel", "fields:correct"}),
    "templates:write": frozenset({"templates:write"}),
    "training:write": frozenset({"training:write"}),
    "webhooks:write": frozenset({"webhooks:write"}),
    "usage:read": frozenset({"usage:read"}),
    "audit:read": frozenset({"audit:read"}),
    "admin": ROLES[Role.ADMIN],
}


def allowed_to_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The actions that a key with these scopes may do; a scope unknown here gives none."""
    return frozenset[str]().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def needed_action(actions: Mapping[str, str], name: str) -> str | None:
    """The action that a method (``get``) or a view set's action (``list``) needs, or None."""
    return actions.get("get" if name == "head" else name)


class ActionPermission(BasePermission):
    """Refuses unless the actor may do what the view's ``actions`` names for this method.

    ``actions`` maps a method name, or on view sets the name of the view set's action, to one of
    `ACTIONS`. No entry, no access: a public view says so with ``AllowAny``.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        actor: Any = request.user
        if actor is None or not actor.is_authenticated:
            return False
        method = (request.method or "").lower()
        if not hasattr(view, method):
            return True  # nothing to protect: the view answers 405
        name = getattr(view, "action", None) or method
        return needed_action(getattr(view, "actions", {}), name) in actor.permissions
