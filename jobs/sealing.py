"""Secrets at rest, encrypted: passwords of documents while a job waits, secrets of webhooks."""

from accounts import sealing

WHAT_FOR = ("jobs.sealing", "password")


def seal(text: str) -> str:
    """The text encrypted with a key derived from SECRET_KEY; "" stays ""."""
    return sealing.fernet(*WHAT_FOR).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The text again. Raises InvalidToken if it was sealed under a key that is gone."""
    return sealing.fernet(*WHAT_FOR).decrypt(sealed.encode()).decode() if sealed else ""


def is_current(sealed: str) -> bool:
    """Whether the text is sealed under SECRET_KEY itself."""
    return sealing.is_current(sealed, *WHAT_FOR)
