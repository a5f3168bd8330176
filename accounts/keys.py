"""API keys: made, checked and revoked.

A key reads ``ocrs_``, 30 random base62 characters, 6 characters of checksum (the form GitHub
uses, so that secret scanners know it and a mistyped key costs no query). The first 12 characters
find the row; the other random ones carry 137 bits. Only a keyed hash of the text is stored.
"""

import hashlib
import re
import secrets
import string
import time
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import audit
from accounts.models import ApiKey, Tenant, User
from accounts.permissions import SCOPES
from accounts.row_security import unscoped
from accounts.tenancy import Actor

MARK = "ocrs_"
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 30
CHECKSUM_LENGTH = 6
PREFIX_LENGTH = 12
FORM = re.compile(rf"{MARK}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")
LAST_USED_STEP = timedelta(minutes=1)
MOST_CHECKED = 1_000


class KeyRefused(Exception):
    """The key does not open anything; the text says why and may be shown to its holder.

    ``key`` is the row where the text was that of one, so that it must have been in good hands once.
    """

    def __init__(self, text: str, key: ApiKey | None = None) -> None:
        super().__init__(text)
        self.key = key


def new_key_text() -> str:
    """A fresh key: 30 characters from the system's random source, and their checksum."""
    body = MARK + "".join(secrets.choice(BASE62) for _ in range(RANDOM_LENGTH))
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC32 of the key so far, as 6 base62 digits, most significant first."""
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        value, digit = divmod(value, 62)
        digits = BASE62[digit] + digits
    return digits


def is_well_formed(raw: str) -> bool:
    """Whether the text can be a key at all, told without the database."""
    return bool(FORM.fullmatch(raw)) and raw.endswith(checksum(raw[:-CHECKSUM_LENGTH]))


def key_hash(raw: str, secret: str | bytes | None = None) -> str:
    """HMAC-SHA256 in hex, under a key derived from ``secret``, by default the newest pepper."""
    secret = secret or peppers()[0]
    return salted_hmac("accounts.keys", raw, secret=secret, algorithm="sha256").hexdigest()


def peppers() -> tuple[str, ...]:
    """The secrets that keys may be hashed under, the one for new hashes first.

    They are SECRET_KEY and its fallbacks, unless API_KEY_PEPPER names a secret of their own.
    """
    if settings.API_KEY_PEPPER:
        return (settings.API_KEY_PEPPER, *settings.API_KEY_PEPPER_FALLBACKS)
    older = (*settings.SECRET_KEY_FALLBACKS, *settings.API_KEY_PEPPER_FALLBACKS)
    return (settings.SECRET_KEY, *older)


def pepper_name(pepper: str) -> str:
    """By which rows tell what they were hashed under; says nothing of the secret itself."""
    return salted_hmac("accounts.keys.pepper", "", secret=pepper, algorithm="sha256").hexdigest()[
        :8
    ]


def create_api_key(
    *,
    tenant: Tenant,
    name: str,
    scopes: Iterable[str],
    created_by: User | None,
    expires_at: datetime | None = None,
    address: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which can be shown now and never again.

    Raises ValidationError for no scope or an unknown one.
    """
    wanted = sorted(set(scopes))
    if not wanted:
        raise ValidationError("A key needs at least one scope.")
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise ValidationError(f"Unknown scope: {', '.join(unknown)}.")
    raw = new_key_text()
    with transaction.atomic():
        key = ApiKey.objects.create(
            tenant=tenant,
            name=name,
            prefix=raw[:PREFIX_LENGTH],
            hash=key_hash(raw),
            pepper=pepper_name(peppers()[0]),
            scopes=wanted,
            created_by=created_by,
            expires_at=expires_at,
        )
        audit.record(
            actor=created_by,
            tenant=tenant,
            action="key.create",
            obj=key,
            after={
                "name": name,
                "prefix": key.prefix,
                "scopes": wanted,
                "expires_at": expires_at,
            },
            address=address,
        )
    return key, raw


def revoke_api_key(key: ApiKey, *, actor: Actor | User | None, address: str | None = None) -> bool:
    """Refuse the key from now on, in other processes within KEY_CACHE_SECONDS.

    False if it was revoked already.
    """
    now = timezone.now()
    with transaction.atomic():
        revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
        if revoked:
            key.revoked_at = now
            audit.record(
                actor=actor,
                tenant=key.tenant,
                action="key.revoke",
                obj=key,
                after={"name": key.name, "prefix": key.prefix},
                address=address,
            )
    forget_checked()
    return bool(revoked)


def forget_checked() -> None:
    """Look every key up again from now on, in this process."""
    _checked.clear()


_checked: dict[bytes, tuple[float, ApiKey]] = {}  # hash of a live key -> until when it is one


def verify_api_key(raw: str) -> ApiKey:
    """The live key with this text, its tenant and plan loaded; raises `KeyRefused`.

    Looked up by one query, and then good for KEY_CACHE_SECONDS in this process: so long a revoked
    key may still be let in. The row is shared by the requests of that time.
    """
    name, now = hashlib.sha256(raw.encode()).digest(), time.monotonic()
    until, key = _checked.get(name, (0.0, None))
    if key is not None and now < until:
        return key
    key = _verified(raw)
    if len(_checked) >= MOST_CHECKED:
        _checked.clear()
    _checked[name] = now + settings.KEY_CACHE_SECONDS, key
    return key


@unscoped()
def _verified(raw: str) -> ApiKey:
    if not is_well_formed(raw):
        raise KeyRefused("This is not an API key of this site.")
    key = ApiKey.objects.select_related("tenant__plan").filter(prefix=raw[:PREFIX_LENGTH]).first()
    # The hash is made for unknown prefixes too, so that time does not tell which ones exist.
    known = key.hash if key is not None else ""
    matches = [constant_time_compare(known, key_hash(raw, pepper)) for pepper in peppers()]
    if key is None or not any(matches):
        raise KeyRefused("This API key is not known.")
    now = timezone.now()
    if key.revoked_at is not None:
        raise KeyRefused("This API key has been revoked.", key)
    if key.expires_at is not None and key.expires_at <= now:
        raise KeyRefused("This API key has expired.", key)
    if not key.tenant.is_active:
        raise KeyRefused("The organisation of this API key is not active.", key)
    if key.last_used_at is None or key.last_used_at < now - LAST_USED_STEP:
        _touch(key, now)
    newest = pepper_name(peppers()[0])
    if not matches[0] or key.pepper != newest:  # hashed under an older pepper: now it can be anew
        ApiKey.objects.filter(pk=key.pk, hash=known).update(hash=key_hash(raw), pepper=newest)
    return key


def _touch(key: ApiKey, now: datetime) -> None:
    """Note the use, at most once a minute over all processes."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
    if ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now):
        key.last_used_at = now
