"""Document passwords at rest: encrypted while a job waits, gone when it ends."""

import base64

from cryptography.fernet import Fernet
from django.utils.crypto import salted_hmac


def _fernet() -> Fernet:
    key = salted_hmac("ocrsite.jobs.sealing", "document password", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(text: str) -> str:
    """The text encrypted with a key derived from SECRET_KEY; "" stays ""."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The text again. Raises cryptography.fernet.InvalidToken if SECRET_KEY has changed."""
    return _fernet().decrypt(sealed.encode()).decode() if sealed else ""
