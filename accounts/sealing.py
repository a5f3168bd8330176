"""Keys derived from SECRET_KEY, under which secrets at rest are encrypted."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


def fernet(salt: str, purpose: str) -> MultiFernet:
    """Seals under SECRET_KEY, opens what was sealed under SECRET_KEY_FALLBACKS too."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([_under(secret, salt, purpose) for secret in secrets])


def is_current(sealed: str, salt: str, purpose: str) -> bool:
    """Whether the text is sealed under SECRET_KEY itself."""
    try:
        _under(settings.SECRET_KEY, salt, purpose).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _under(secret: str, salt: str, purpose: str) -> Fernet:
    digest = salted_hmac(salt, purpose, secret, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(digest))
