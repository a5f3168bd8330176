"""The project's own app: system checks."""

from django.apps import AppConfig


class OcrsiteConfig(AppConfig):
    name = "ocrsite"

    def ready(self) -> None:
        from ocrsite import checks  # noqa: F401  registers the checks
