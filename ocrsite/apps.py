"""The project's own app: system checks."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class OcrsiteConfig(AppConfig):
    default = True
    name = "ocrsite"

    def ready(self) -> None:
        from ocrsite import checks, engine_checks  # noqa: F401  registers the checks


class OperatorsConfig(admin_apps.AdminConfig):
    """Django's admin, as our site for operators."""

    default = False
    default_site = "ocrsite.operators_site.OperatorsSite"
