"""Where a person is signed in, by browser and by API, and ending it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from accounts import audit, tokens
from accounts.models import Session, TokenFamily, User
from accounts.row_security import unscoped

_PROGRAMS = (  # the first that fits; most browsers name others as well
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux|X11"),
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser's session, or a family of API tokens."""

    id: UUID
    kind: str  # "browser" or "api"
    device: str
    address: str | None
    signed_in_at: datetime | None
    last_seen_at: datetime
    organisation: str  # which the tokens are for; "" for a browser
    current: bool


def device_of(user_agent: str) -> str:
    """A browser and its system, else the program's name, in few words."""
    program = next((name for name, sign in _PROGRAMS if re.search(sign, user_agent)), "")
    system = next((name for name, sign in _SYSTEMS if re.search(sign, user_agent)), "")
    if program and system:
        return gettext("%(program)s on %(system)s") % {"program": program, "system": system}
    return program or user_agent.partition(" ")[0].partition("/")[0][:40] or gettext("Unknown")


@unscoped()
def sign_ins_of(user: User, *, session_key: str | None) -> list[SignIn]:
    """All that are live, the current one first, then by last use."""
    now = timezone.now()
    browsers = [
        SignIn(
            id=row.public_id,
            kind="browser",
            device=device_of(row.user_agent),
            address=row.address,
            signed_in_at=row.signed_in_at,
            last_seen_at=row.last_seen_at,
            organisation="",
            current=row.session_key == session_key,
        )
        for row in Session.objects.filter(user=user, expire_date__gt=now)
    ]
    programs = [
        SignIn(
            id=row.pk,
            kind="api",
            device=device_of(row.user_agent),
            address=row.address,
            signed_in_at=row.signed_in_at,
            last_seen_at=row.last_seen_at,
            organisation=row.tenant.name,
            current=False,
        )
        for row in _families(user)
        .filter(session_key="", expires_at__gt=now)
        .select_related("tenant")
    ]
    return sorted(
        [*browsers, *programs], key=lambda row: (not row.current, -row.last_seen_at.timestamp())
    )


@unscoped()
def end(user: User, sign_in: UUID, *, address: str | None) -> bool:
    """End one; it holds from the next request. False if the person has none of this id."""
    with transaction.atomic():
        keys = [row.pk for row in Session.objects.filter(user=user) if row.public_id == sign_in]
        ended = _end(user, keys, _ids(_families(user).filter(pk=sign_in)))
        if ended:
            _record(user, ended, address)
    return bool(ended)


@unscoped()
def end_others(user: User, *, session_key: str | None, address: str | None) -> int:
    """End all but this session; how many."""
    with transaction.atomic():
        ended = _end_others(user, session_key)
        if ended:
            _record(user, ended, address)
    return ended


@unscoped()
def end_after_new_password(user: User, *, session_key: str | None) -> None:
    """Take away what the new password has made useless: all but this session."""
    with transaction.atomic():
        _end_others(user, session_key)


def _families(user: User) -> QuerySet[TokenFamily]:
    return TokenFamily.objects.filter(user=user, ended_at=None)


def _ids(families: QuerySet[TokenFamily]) -> list[UUID]:
    return list(families.values_list("pk", flat=True))


def _end_others(user: User, session_key: str | None) -> int:
    others = Session.objects.filter(user=user).exclude(session_key=session_key)
    return _end(user, [row.pk for row in others], _ids(_families(user)))


def _end(user: User, session_keys: list[str], families: list[UUID]) -> int:
    deleted, _ = Session.objects.filter(user=user, pk__in=session_keys).delete()
    return deleted + tokens.end_families(families)


def _record(user: User, ended: int, address: str | None) -> None:
    audit.record(
        actor=user,
        tenant=audit.home_tenant(user),
        action="session.end",
        obj=user,
        after={"ended": ended},
        address=address,
    )
