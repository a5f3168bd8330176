"""What is sealed or hashed under an older secret: counted, and sealed anew.

So that SECRET_KEY_FALLBACKS and API_KEY_PEPPER_FALLBACKS can be emptied again. Every column with
a sealed text is here.
"""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db.models import Model

from accounts import keys, sealing
from accounts.adapters import SEALED_FOR
from accounts.models import ApiKey
from jobs.models import CallbackSecret, Job, Webhook
from jobs.sealing import is_current, seal, unseal

SEALED: tuple[tuple[type[Model], str], ...] = (
    (Webhook, "sealed_secret"),
    (Webhook, "sealed_old_secret"),
    (CallbackSecret, "sealed_secret"),
    (CallbackSecret, "sealed_old_secret"),
    (Job, "sealed_password"),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column's texts: under SECRET_KEY, under a fallback, and under a secret that is gone."""

    name: str
    current: int
    older: int
    lost: int


def look(*, reseal: bool = False) -> list[Sealed]:
    """Every column as it stands; with ``reseal`` what is older is sealed under SECRET_KEY first.

    What somebody changes meanwhile is left as they write it, so this may run at any time.
    """
    return [*(_look(model, column, reseal) for model, column in SEALED), *_second_factors(reseal)]


def _look(model: type[Model], column: str, reseal: bool) -> Sealed:
    current = older = lost = 0
    rows = model._default_manager.exclude(**{column: ""}).order_by()
    for pk, sealed in rows.values_list("pk", column).iterator(chunk_size=500):
        if is_current(sealed):
            current += 1
            continue
        try:
            text = unseal(sealed)
        except InvalidToken:
            lost += 1
            continue
        unchanged = model._default_manager.filter(pk=pk, **{column: sealed})
        if reseal and unchanged.update(**{column: seal(text)}):
            current += 1
        else:
            older += 1
    return Sealed(f"{model._meta.label_lower}.{column}", current, older, lost)


def _second_factors(reseal: bool) -> list[Sealed]:
    """Secrets of authenticator apps and seeds of recovery codes, inside what allauth keeps."""
    found = []
    for name in ("secret", "seed"):
        current = older = lost = 0
        for row in Authenticator.objects.filter(data__has_key=name).iterator(chunk_size=500):
            sealed = row.data[name]
            if sealing.is_current(sealed, *SEALED_FOR):
                current += 1
                continue
            try:
                text = sealing.fernet(*SEALED_FOR).decrypt(sealed.encode())
            except InvalidToken:
                lost += 1
                continue
            unchanged = Authenticator.objects.filter(pk=row.pk, data=row.data)
            anew = sealing.fernet(*SEALED_FOR).encrypt(text).decode()
            if reseal and unchanged.update(data=row.data | {name: anew}):
                current += 1
            else:
                older += 1
        found.append(Sealed(f"mfa.authenticator.{name}", current, older, lost))
    return found


@dataclass(frozen=True, slots=True)
class Hashed:
    """Live API keys by what they are hashed under; ``unknown`` from before this was noted."""

    current: int
    older: int
    unknown: int
    lost: int


def hashed_keys() -> Hashed:
    """Where they stand: each is hashed anew when it is used, an older one has not been since."""
    live = ApiKey.objects.live()
    newest, *others = (keys.pepper_name(pepper) for pepper in keys.peppers())
    current = live.filter(pepper=newest).count()
    older = live.filter(pepper__in=others).exclude(pepper=newest).count()
    unknown = live.filter(pepper="").count()
    return Hashed(current, older, unknown, live.count() - current - older - unknown)
