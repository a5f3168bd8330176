"""What an organisation does with its API keys: made, changed, rotated, within its maker's bounds.

Nobody gives a key more than they have themselves. A person's bound is their role; a key's are its
scopes, its networks and its expiry. The bound holds for rotating too, which shows the text anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import APIException, PermissionDenied

from accounts import audit, networks
from accounts.keys import (
    PREFIX_LENGTH,
    create_api_key,
    forget_checked,
    key_hash,
    known_scopes,
    new_key_text,
    pepper_name,
    peppers,
)
from accounts.models import ApiKey
from accounts.permissions import allowed_to_scopes
from accounts.seniority import under_lock
from accounts.tenancy import Actor

MANAGE = "keys:manage"
MAX_LIVE_KEYS = 200  # of a tenant
TEXT_OF_NOW = ("prefix", "hash", "pepper")
TEXT_BEFORE = ("old_prefix", "old_hash", "old_until", "old_used_at")
OVERLAP_HOURS = 24  # for which the text before a rotation opens the key too
MOST_OVERLAP_HOURS = 168


class MoreThanMaker(PermissionDenied):
    """The key would be allowed more than who makes, changes or rotates it."""


class KeyNotLive(APIException):
    """The key has been revoked; or it has expired, and is to be rotated."""

    status_code = 409


class TooManyKeys(APIException):
    """The tenant has as many live keys as allowed; ``limit`` and ``actual`` are keys."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__(f"At most {MAX_LIVE_KEYS} live API keys: revoke those not in use.")
        self.limit, self.actual = MAX_LIVE_KEYS, MAX_LIVE_KEYS + 1


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key may be used for, from where and how long; None and no networks: no bound."""

    name: str
    scopes: Sequence[str]
    networks: Sequence[str] = ()
    expires_at: datetime | None = None


def terms_of(key: ApiKey) -> KeyTerms:
    """The terms as they stand in this row."""
    return KeyTerms(key.name, tuple(key.scopes), tuple(key.networks), key.expires_at)


def make_key(*, actor: Actor, terms: KeyTerms, address: str | None) -> tuple[ApiKey, str]:
    """A new key of the actor's tenant, and its text, shown this once.

    Raises ValidationError, by field, `MoreThanMaker` and `TooManyKeys`.
    """
    terms = _checked_terms(terms)
    with transaction.atomic():
        actor = under_lock(actor, MANAGE)  # one more key at a time
        _refuse_more(actor, terms)
        if ApiKey.objects.live().for_tenant(actor.tenant).count() >= MAX_LIVE_KEYS:
            raise TooManyKeys
        return create_api_key(
            tenant=actor.tenant,
            name=terms.name,
            scopes=terms.scopes,
            allowed_networks=terms.networks,
            expires_at=terms.expires_at,
            created_by=actor.user,
            maker=actor,
            address=address,
        )


def change_key(
    key: ApiKey, *, actor: Actor, changes: Mapping[str, Any], address: str | None
) -> ApiKey:
    """Give the key other terms: those named in ``changes``, by the names of `KeyTerms`.

    They hold from the next call, in other processes within KEY_CACHE_SECONDS. Raises as `make_key`,
    `KeyNotLive` for a revoked key, Http404 for one that is gone.
    """
    with transaction.atomic():
        actor, key = _locked(actor, key)
        if key.revoked_at is not None:
            raise KeyNotLive("A revoked key stays as it is: make another one.")
        before = terms_of(key)
        _refuse_more(actor, before)  # else a weak key could break a strong one
        wanted = {**_as_dict(before), **changes}
        moved = wanted["expires_at"] != before.expires_at
        after = _checked_terms(KeyTerms(**wanted), expiry=moved)
        _refuse_more(actor, after)
        old, new = _as_dict(before), _as_dict(after)
        names = [name for name in new if new[name] != old[name]]
        if names:
            for name in names:
                setattr(key, name, new[name])
            key.save(update_fields=names)
            _record("key.update", key, actor, address, _only(old, names), _only(new, names))
    forget_checked()
    return key


def rotate_key(
    key: ApiKey, *, actor: Actor, overlap_hours: int = OVERLAP_HOURS, address: str | None
) -> tuple[ApiKey, str]:
    """A new text for the key; the one before opens it too for ``overlap_hours``, 0 for not at all.

    Where that is still going on since an earlier rotation, the text before that is refused from
    now on. Raises `MoreThanMaker`, `KeyNotLive`, Http404 for a key that is gone.
    """
    raw = new_key_text()
    with transaction.atomic():
        actor, key = _locked(actor, key)
        if not key.is_live:
            raise KeyNotLive("Only a live key can be rotated.")
        _refuse_more(actor, terms_of(key))
        before = {"prefix": key.prefix}
        key.old_prefix, key.old_hash = key.prefix, key.hash
        key.old_until = timezone.now() + timedelta(hours=overlap_hours)
        key.old_used_at = None
        key.prefix, key.hash = raw[:PREFIX_LENGTH], key_hash(raw)
        key.pepper = pepper_name(peppers()[0])  # which that hash is under
        key.save(update_fields=[*TEXT_OF_NOW, *TEXT_BEFORE])
        after = {"prefix": key.prefix, "old_until": key.old_until}
        _record("key.rotate", key, actor, address, before, after)
    forget_checked()
    return key, raw


def end_rotation(key: ApiKey, *, actor: Actor, address: str | None) -> ApiKey:
    """Refuse the text before the last rotation from now on; no change where it is refused already.

    Raises `MoreThanMaker`, Http404 for a key that is gone.
    """
    with transaction.atomic():
        actor, key = _locked(actor, key)
        _refuse_more(actor, terms_of(key))
        if key.rotating:
            key.old_until = timezone.now()
            key.save(update_fields=["old_until"])
            _record("key.rotate_end", key, actor, address, {"prefix": key.old_prefix}, None)
    forget_checked()
    return key


def _checked_terms(terms: KeyTerms, *, expiry: bool = True) -> KeyTerms:
    """In normal form. Raises ValidationError, by field."""
    errors: dict[str, Any] = {}
    scopes, places = list(terms.scopes), list(terms.networks)
    try:
        scopes = known_scopes(terms.scopes)
    except ValidationError as error:
        errors["scopes"] = error
    try:
        places = networks.normal(terms.networks)
    except ValidationError as error:
        errors["networks"] = error
    if expiry and terms.expires_at is not None and terms.expires_at <= timezone.now():
        errors["expires_at"] = ["This time is over: name a later one, or revoke the key."]
    if errors:
        raise ValidationError(errors)
    return KeyTerms(terms.name, tuple(scopes), tuple(places), terms.expires_at)


def _refuse_more(actor: Actor, terms: KeyTerms) -> None:
    """Raises `MoreThanMaker` for terms beyond the actor's own."""
    beyond = [
        scope for scope in terms.scopes if not allowed_to_scopes([scope]) <= actor.permissions
    ]
    if beyond:
        raise MoreThanMaker(f"These scopes allow more than you may do: {', '.join(beyond)}.")
    own = actor.api_key
    if own is None:
        return
    if not networks.within(terms.networks, own.networks):
        raise MoreThanMaker("The key may not be used from more networks than yours.")
    if own.expires_at is not None and (
        terms.expires_at is None or terms.expires_at > own.expires_at
    ):
        raise MoreThanMaker("The key may not be valid for longer than yours.")


def _locked(actor: Actor, key: ApiKey) -> tuple[Actor, ApiKey]:
    """Both as they are now, for the rest of the transaction."""
    actor = under_lock(actor, MANAGE)
    rows = ApiKey.objects.select_for_update(of=("self",)).select_related("tenant", "created_by")
    return actor, get_object_or_404(rows, pk=key.pk)


def _as_dict(terms: KeyTerms) -> dict[str, Any]:
    return {
        "name": terms.name,
        "scopes": list(terms.scopes),
        "networks": list(terms.networks),
        "expires_at": terms.expires_at,
    }


def _only(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _record(
    action: str,
    key: ApiKey,
    actor: Actor,
    address: str | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    audit.record(
        actor=actor,
        tenant=key.tenant,
        action=action,
        obj=key,
        before=before,
        after=after,
        address=address,
    )
