"""The audit log: one call for every change that somebody makes."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import models
from django.dispatch import receiver
from django.http import HttpRequest
from rest_framework.request import Request

from accounts import request_ids
from accounts.models import ApiKey, AuditEntry, Membership, Tenant, User
from accounts.tenancy import Actor, session_actor

SYSTEM = "system"


def record(
    *,
    actor: Actor | User | str | None,
    tenant: Tenant | None,
    action: str,
    obj: models.Model | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> AuditEntry:
    """Add one entry, as ``entry``, inside the caller's transaction so that both hold or neither."""
    added = entry(
        actor=actor,
        tenant=tenant,
        action=action,
        obj=obj,
        before=before,
        after=after,
        address=address,
    )
    added.save(force_insert=True)
    return added


def entry(
    *,
    actor: Actor | User | str | None,
    tenant: Tenant | None,
    action: str,
    obj: models.Model | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> AuditEntry:
    """An entry, still to be inserted.

    ``actor``: None is the system itself; a text is a name that nobody has proved, as typed at a
    failed login. ``action`` reads "object.verb". ``before`` and ``after`` hold what changed,
    never a secret or a document's text. ``address`` comes from `address_of`.
    """
    user: User | None = None
    api_key: ApiKey | None = None
    if isinstance(actor, Actor):
        user, api_key = actor.user, actor.api_key
    elif isinstance(actor, User):
        user = actor
    return AuditEntry(
        tenant=tenant,
        user=user,
        api_key=api_key,
        actor=str(actor or SYSTEM)[:300],
        action=action,
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=str(obj.pk) if obj is not None else "",
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        address=address,
        request_id=request_ids.current(),
    )


def address_of(request: HttpRequest | Request) -> str | None:
    """The caller's IP address, or None where the server gives none (a Unix socket).

    With TRUSTED_PROXIES = n the nth address from the right of X-Forwarded-For: what stands left
    of it was written by the caller.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        address = forwarded[-min(settings.TRUSTED_PROXIES, len(forwarded))].strip() or address
    try:
        # without the zone of a link-local address (fe80::1%eth0), which PostgreSQL refuses
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return None


def home_tenant(user: User) -> Tenant | None:
    """The first tenant of a person, under which their sign-ins are kept."""
    membership = Membership.objects.active().filter(user=user).order_by("pk").first()
    return membership.tenant if membership else None


# Django's signals see every sign-in: the pages', the admin's and, where it fails, the API's.


@receiver(user_logged_in)
def _logged_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    record(
        actor=user,
        tenant=home_tenant(user),
        action="session.login",
        obj=user,
        address=address_of(request),
    )


@receiver(user_logged_out)
def _logged_out(request: HttpRequest, user: User | AnonymousUser | None, **kwargs: Any) -> None:
    if isinstance(user, User):
        member = session_actor(request)
        record(
            actor=user,
            tenant=member.tenant if member else None,
            action="session.logout",
            obj=user,
            address=address_of(request),
        )


@receiver(user_login_failed)
def _login_failed(
    credentials: Mapping[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    name = str(credentials.get("username", ""))
    # For the organisation of the person whose name was typed to see; who typed it nobody has proved
    user = User.objects.filter(email=name).first()
    record(
        actor=name if "@" in name else "nobody",  # it may be a password in the wrong field
        tenant=home_tenant(user) if user else None,
        action="login.fail",
        obj=user,
        address=address_of(request) if request is not None else None,
    )
