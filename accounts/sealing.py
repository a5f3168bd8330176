"""Keys derived from SECRET_KEY, under which secrets at rest are encrypted."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


def fernet(salt: str, purpose: str) -> MultiFernet:
    """Seals under SECRET_KEY, opens what was sealed under SECRET_KEY_FALLBACKS too."""
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(
                    salted_hmac(salt, purpose, secret, algorithm="sha256").digest()
                )
            )
            for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ]
    )
