"""`manage.py translations`: the catalogues of what pages say, brought up to date."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ocrsite import translations


class Command(BaseCommand):
    """Gathers messages, keeps their translations, compiles."""

    help = "Bring locale/*/LC_MESSAGES/django.po and .mo up to date; lists what is untranslated."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        for language, _ in settings.LANGUAGES:
            if language == settings.LANGUAGE_CODE:
                continue
            translations.update(language)
            left = translations.missing(language).untranslated
            self.stdout.write(f"{language}: {len(left)} messages are not translated")
            for message in left:
                self.stdout.write(f"  {message}")
