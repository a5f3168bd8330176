"""The style page: every part that the pages are made of, for those who write pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from accounts.tenancy import PageMixin

COLOURS = (
    "background", "surface", "sunken", "line", "edge", "text", "muted", "accent", "accent-strong",
    "on-accent", "accent-soft", "good", "good-soft", "warning", "warning-soft", "bad", "bad-soft",
)  # fmt: skip
ICONS = (
    "home", "document", "review", "template", "batch", "chart", "compare", "model", "tune",
    "code", "webhook", "settings", "search", "filter", "upload", "download", "camera", "copy",
    "close", "plus", "edit", "trash", "lock", "link", "star", "play", "rotate", "zoom-in",
    "zoom-out", "left", "right", "down", "menu", "info", "queued", "running", "succeeded",
    "partial", "failed", "cancelled", "expired",
)  # fmt: skip
STATUSES = ("queued", "running", "succeeded", "partial", "failed", "cancelled", "expired")


class StylePage(PageMixin, View):
    """Tokens and parts of static/css/site.css, drawn by the markup that pages use."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        context = {"colours": COLOURS, "icons": ICONS, "statuses": STATUSES}
        return render(request, "style.html", context)
