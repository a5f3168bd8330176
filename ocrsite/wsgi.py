"""The WSGI application; refuses to start on a bad configuration."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocrsite.settings")

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from extraction import tracing

tracing.name_process("web")
application = get_wsgi_application()
_serious = [str(message) for message in checks.run_checks() if message.is_serious()]
if _serious:
    raise ImproperlyConfigured("\n".join(_serious))
