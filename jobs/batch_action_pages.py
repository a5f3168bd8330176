"""What people do with a batch on its page: cancel it, try it again, delete it, take its results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import limits
from accounts.audit import address_of
from accounts.tenancy import actor_of
from jobs import batch_actions
from jobs.batch_api import exported
from jobs.batch_pages import OneBatch


class BatchCancelPage(OneBatch):
    """Cancelling what has not ended of a batch."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:cancel"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Cancel, and back to the batch."""
        batch_actions.cancel(
            self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return redirect("batch-page", pk)


class BatchRetryPage(OneBatch):
    """Trying again what did not succeed of a batch."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Queue it again, and back to the batch."""
        limits.admit(request, "submit")
        batch_actions.retry(self.get_object(), actor=actor_of(request), address=address_of(request))
        return redirect("batch-page", pk)


class BatchDeletePage(OneBatch):
    """Deleting a batch with its jobs, their results and files."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Delete, and back to the list; where it takes long, to what is left."""
        batch = self.get_object()
        if not batch_actions.delete(batch, actor=actor_of(request), address=address_of(request)):
            messages.warning(request, _("Not all is deleted yet. Delete it again to go on."))
            return redirect("batch-page", pk)
        messages.success(request, _("The batch was deleted with its documents and results."))
        return redirect("batch-list-page")


class BatchExportPage(OneBatch):
    """The results of a batch in one file, as the API gives them."""

    def get(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponseBase:
        """``formats``, of the zip: names of formats, with commas."""
        wanted = request.GET.get("formats", "json")
        return exported(request, self.get_object(), name, wanted, by="page")
