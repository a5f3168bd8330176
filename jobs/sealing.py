"""Secrets at rest, encrypted: passwords of documents while a job waits, secrets of webhooks."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


def _fernet() -> MultiFernet:
    """Seals under SECRET_KEY, opens what was sealed under SECRET_KEY_FALLBACKS too."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([_under(secret) for secret in secrets])


def _under(secret: str) -> Fernet:
    digest = salted_hmac("jobs.sealing", "password", secret, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(text: str) -> str:
    """The text encrypted with a key derived from SECRET_KEY; "" stays ""."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The text again. Raises InvalidToken if it was sealed under a key that is gone."""
    return _fernet().decrypt(sealed.encode()).decode() if sealed else ""


def is_current(sealed: str) -> bool:
    """Whether the text is sealed under SECRET_KEY itself."""
    try:
        _under(settings.SECRET_KEY).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True
