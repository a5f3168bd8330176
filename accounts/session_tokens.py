"""Access tokens for pages that call the API with their person's own session.

The API takes no cookie, so that no other site can have a browser call it. A page that calls it asks
for a token by a form's POST, with the CSRF token that other sites cannot know, and keeps it in its
memory alone.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from rest_framework_simplejwt.settings import api_settings

from accounts import audit, tokens
from accounts.models import Membership
from accounts.sessions import user_agent_of
from accounts.tenancy import actor_of


def for_session(request: HttpRequest) -> tuple[str, int]:
    """A token for the tenant that the session's pages show, and for how many seconds it serves.

    The first one of a session and tenant is audited. Raises PermissionDenied where nobody is
    signed in.
    """
    actor = actor_of(request)
    key = request.session.session_key
    if actor.user is None or key is None:
        raise PermissionDenied("Sign in first.")
    address = audit.address_of(request)
    membership = Membership.objects.active().get(user=actor.user, tenant=actor.tenant)
    with transaction.atomic():
        token, first = tokens.issue_for_session(
            membership, session_key=key, user_agent=user_agent_of(request), address=address
        )
        if first:
            audit.record(
                actor=actor,
                tenant=actor.tenant,
                action="token.console",
                obj=actor.user,
                address=address,
            )
    return str(token), int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())
