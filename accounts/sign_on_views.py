"""Signing in by the organisation's identity provider: there, and back."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views import View

from accounts import limits, login_throttle
from accounts.signin import open_session

DROPPED = gettext_lazy(
    "This was your first sign-in by {name}. The password that your account had is taken away and "
    "all its other sessions have ended, in case somebody else had set it."
)
logger = logging.getLogger(__name__)


def is_offered() -> bool:
    """Whether a provider is configured."""
    return bool(settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID)


class SingleSignOnView(View):
    """Off to the identity provider."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        from accounts import single_sign_on  # loads an HTTP client, which most sites never use

        limits.admit(request, "token")  # each asks the provider, and may leave an audit entry
        if not is_offered():
            raise Http404
        try:
            return single_sign_on.begin(request)
        except single_sign_on.SignOnRefused as error:
            return refused(request, error)


class SingleSignOnCallbackView(View):
    """Back from there."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        from accounts import single_sign_on

        limits.admit(request, "token")
        if not is_offered():
            raise Http404
        try:
            signed_on = single_sign_on.finish(request)
        except single_sign_on.SignOnRefused as error:
            return refused(request, error)
        if signed_on.password_dropped:
            messages.warning(request, str(DROPPED).format(name=settings.OIDC_NAME))
        return open_session(request, signed_on.user, next_url=signed_on.next_url)


def refused(request: HttpRequest, error: Exception) -> HttpResponse:
    """Why is for the log: it would tell strangers who has an account."""
    logger.warning("single sign-on refused: %s", error)
    login_throttle.record_refusal(request, str(error))
    return render(request, "accounts/single_sign_on.html", status=403)
