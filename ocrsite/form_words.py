"""Django's own messages of forms that we say otherwise: here for translators to find them.

The site's catalogues come before those of Django and its applications.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

SAID_OTHERWISE = (
    gettext_noop("This field is required."),
    gettext_noop("Enter a valid email address."),
    gettext_noop("Enter a valid URL."),
)
