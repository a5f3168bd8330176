"""What each role and each key scope may do: one table, and the check that reads it.

A view names the action that each of its methods needs; a method without an action is refused.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at run time it would load the settings' classes


class Role(models.TextChoices):
    """A person's part in one tenant."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    REVIEWER = "reviewer", "Reviewer"
    VIEWER = "viewer", "Viewer"


ACTIONS: dict[str, str] = {
    "jobs:read": "See jobs and their results",
    "jobs:write": "Submit and delete jobs",
    "jobs:cancel": "Cancel jobs",
    "fields:correct": "Correct the fields that were read",
    "templates:write": "Make and change templates",
    "training:write": "Fill datasets, train models and change which one engines read with",
    "webhooks:write": "Make and change webhooks",
    "usage:read": "See usage",
    "billing:read": "See plan, costs and invoices",
    "billing:manage": "Change the budget and who pays",
    "keys:manage": "Make and revoke API keys",
    "members:read": "See members and their roles",
    "members:manage": "Invite, change and remove members",
    "audit:read": "Read and export the audit log",
    "settings:write": "Change the organisation's settings",
    "tenant:transfer": "Hand the organisation over to another member",
    "tenant:export": "Take everything out of the organisation",
    "tenant:delete": "Delete the organisation",
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
