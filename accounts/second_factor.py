"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

allauth's models and algorithms; what may be tried how often, that each code serves once, and what
the audit log says are ours, under a lock of the app's row, and the same for pages and API.
"""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils.dateparse import parse_datetime

from accounts import audit, clock
from accounts.models import Membership, Tenant, User
from accounts.signin_errors import CodeWrong, LoginLocked

logger = logging.getLogger(__name__)

MOST_WRONG = 10  # codes in a row, from wherever: who sends them knows the password
WRONG_PAUSE = timedelta(minutes=15)
COUNTER, WRONG, WRONG_AT = "last_counter", "wrong", "wrong_at"  # in the app's row


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What an authenticator app needs: the secret as text, and as a picture of its address."""

    secret: str
    picture: str  # a data: address of an SVG image


def is_on(user: User) -> bool:
    """Whether this person signs in with a second factor. One query."""
    return _apps(user).exists()


def is_missing(user: User, tenant: Tenant) -> bool:
    """Whether the organisation asks for one and the person has none; a query where it asks."""
    return tenant.require_second_factor and not is_on(user)


def members_without(tenant: Tenant) -> int:
    """How many people of the organisation have none; one query."""
    those = Membership.objects.for_tenant(tenant).filter(user__is_active=True)
    having = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user")
    return those.exclude(user__in=having).count()


def recovery_codes_left(user: User) -> int:
    """How many recovery codes have not been used."""
    row = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    try:
        return len(RecoveryCodes(row).get_unused_codes()) if row else 0
    except InvalidToken:
        return 0


def new_secret() -> str:
    """A secret for an app, not kept by this function."""
    return str(generate_totp_secret())


def sealed(secret: str) -> str:
    """The secret encrypted as it is in the database."""
    return str(get_adapter().encrypt(secret))


def opened(text: str) -> str:
    """What was sealed; "" where it was not, or its SECRET_KEY is gone."""
    try:
        return str(get_adapter().decrypt(text))
    except InvalidToken:
        return ""


def shown(user: User, secret: str) -> NewSecret:
    """The secret for the person's app to scan."""
    adapter = get_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    picture = base64.b64encode(svg.encode()).decode()
    return NewSecret(secret, f"data:image/svg+xml;base64,{picture}")


def verify(user: User, code: str) -> None:
    """Use up a code of the app, or a recovery code. Raises `CodeWrong`, `LoginLocked`.

    A code of the app is good for the 30 seconds it is shown and the 30 around them, and only if
    none as new was used. Wrong ones are counted over all addresses.
    """
    code = "".join(code.split())
    with transaction.atomic():
        row = _apps(user).select_for_update().first()
        if row is None:
            raise CodeWrong
        now = clock.now()
        wrong_at = parse_datetime(row.data.get(WRONG_AT, ""))
        recent = wrong_at is not None and now < wrong_at + WRONG_PAUSE
        wrong = row.data.get(WRONG, 0) if recent else 0
        if wrong_at is not None and wrong >= MOST_WRONG:
            raise LoginLocked(int((wrong_at + WRONG_PAUSE - now).total_seconds()) + 1)
        counter = _counter_of(row, code)
        right = counter is not None or _is_recovery_code(user, code)
        if counter is not None:
            row.data[COUNTER] = counter
        row.data[WRONG] = 0 if right else wrong + 1
        row.data[WRONG_AT] = "" if right else now.isoformat()
        if right:
            row.last_used_at = now
        row.save(update_fields=["data", "last_used_at"])
    if not right:
        raise CodeWrong


def switch_on(user: User, secret: str, code: str, *, address: str | None) -> list[str]:
    """Set up the app that shows this code; returns the recovery codes. Raises `CodeWrong`."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if is_on(user):
            raise CodeWrong
        counter = _matching("".join(code.split()), secret)
        if counter is None:
            raise CodeWrong
        row = TOTP.activate(user, secret).instance
        row.data[COUNTER] = counter  # so that this code does not sign in as well
        row.save(update_fields=["data"])
        codes = _new_recovery_codes(user)
        _record(user, user, "second_factor.on", address)
    return codes


def switch_off(user: User, *, actor: User, address: str | None) -> bool:
    """Sign in without from now on; False if it was off. The caller has asked for a code."""
    with transaction.atomic():
        deleted, _ = Authenticator.objects.filter(user=user).delete()
        if deleted:
            _record(user, actor, "second_factor.off", address)
    return bool(deleted)


def renew_recovery_codes(user: User, *, address: str | None) -> list[str]:
    """New recovery codes; the old ones serve no more. The caller has asked for a code."""
    with transaction.atomic():
        _apps(user).select_for_update().first()
        codes = _new_recovery_codes(user)
        _record(user, user, "second_factor.recovery_codes", address)
    return codes


def _apps(user: User) -> Any:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP)


def _counter_of(row: Authenticator, code: str) -> int | None:
    try:
        counter = _matching(code, get_adapter().decrypt(row.data["secret"]))
    except InvalidToken:
        logger.error("%s: sealed under a SECRET_KEY that is gone", row.user)
        return None
    return counter if counter is not None and counter > row.data.get(COUNTER, 0) else None


def _matching(code: str, secret: str) -> int | None:
    """The newest 30 seconds, counted from 1970, of which this is the code."""
    found = None
    for counter in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            found = counter
    return found


def _is_recovery_code(user: User, code: str) -> bool:
    row = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    try:
        return row is not None and RecoveryCodes(row).validate_code(code)
    except InvalidToken:
        return False


def _new_recovery_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    return RecoveryCodes.activate(user).get_unused_codes()


def _record(user: User, actor: User, action: str, address: str | None) -> None:
    audit.record(
        actor=actor,
        tenant=audit.home_tenant(user),
        action=action,
        obj=user,
        address=address,
    )
