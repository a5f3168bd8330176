"""Signatures of JSON web tokens: made with SECRET_KEY, good under SECRET_KEY_FALLBACKS as well.

simplejwt knows one key; with it alone a change of SECRET_KEY would sign everybody out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.settings import api_settings


@lru_cache(maxsize=8)
def _under(secret: str) -> TokenBackend:
    return TokenBackend(
        api_settings.ALGORITHM,
        secret,
        "",
        api_settings.AUDIENCE,
        api_settings.ISSUER,
        None,
        api_settings.LEEWAY,
        api_settings.JSON_ENCODER,
    )


class RotatingBackend(TokenBackend):
    """simplejwt's, with the secrets of the settings as they are now."""

    def __init__(self) -> None:
        super().__init__(api_settings.ALGORITHM, leeway=api_settings.LEEWAY)

    def encode(self, payload: dict[str, Any]) -> str:
        """The token's text."""
        return _under(settings.SECRET_KEY).encode(payload)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """The token's content. Raises TokenBackendError, of an expired one its subclass."""
        refused = TokenBackendError("Token is invalid")
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            try:
                return _under(secret).decode(token, verify)
            except TokenBackendExpiredToken:  # its signature is right
                raise
            except TokenBackendError as error:
                refused = error
        raise refused


BACKEND = RotatingBackend()
