"""Secrets at rest, encrypted: passwords of documents while a job waits, secrets of webhooks."""

from cryptography.fernet import MultiFernet

from accounts.sealing import fernet


def _fernet() -> MultiFernet:
    return fernet("jobs.sealing", "password")


def seal(text: str) -> str:
    """The text encrypted with a key derived from SECRET_KEY; "" stays ""."""
    return _fernet().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The text again. Raises InvalidToken if it was sealed under a key that is gone."""
    return _fernet().decrypt(sealed.encode()).decode() if sealed else ""
