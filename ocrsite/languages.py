"""In which language a page is shown; the API, the probes and the admin speak English alone."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils.decorators import method_decorator
from django.utils.translation import activate
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

ENGLISH_ALONE = ("/api/", "/admin/", "/health/", "/metrics")


class PageLanguageMiddleware(LocaleMiddleware):
    """Django's choice (the language's cookie, else what the browser asks for), for pages alone."""

    def process_request(self, request: HttpRequest) -> None:
        """Switch to the visitor's language; to English too, for the thread has the last one's."""
        if request.path_info.startswith(ENGLISH_ALONE):
            activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Say in which language the page is."""
        if request.path_info.startswith(ENGLISH_ALONE):
            return response
        return super().process_response(request, response)


@method_decorator(csrf_exempt, name="dispatch")  # no harm, and pages without forms need no token
class LanguageView(View):
    """Choosing a language; for anybody."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep ``language`` in a cookie, and back to the page."""
        return set_language(request)
