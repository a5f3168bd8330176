"""The accounts app: tenants, people, keys, tokens, audit and usage."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import audit, schema, sessions  # noqa: F401  registers receivers, extensions
