"""The WSGI application; refuses to start on a bad configuration."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocrsite.settings")

from django.core import checks  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
_serious = [str(message) for message in checks.run_checks() if message.is_serious()]
if _serious:
    raise ImproperlyConfigured("\n".join(_serious))
