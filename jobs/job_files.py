"""What hangs on a job's page: pictures of its pages, its tables and its result as files."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from extraction.formats.csv import table_file
from extraction.formats.json_reading import page_from_dict
from extraction.small_picture import HEAD_BYTES, small_of
from jobs import download_audit, results, retention, storage
from jobs.downloads import as_download
from jobs.errors import NoResult
from jobs.job_answers import result_response
from jobs.models import Job, Page
from jobs.views import OneJob

SEPARATORS = {"csv": ",", "tsv": "\t"}


class JobImageView(OneJob):
    """The picture of a page."""

    def get(self, request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
        """A JPEG for the tenant's browsers alone; 404 where the page has none."""
        job = self.get_object()
        try:
            body = storage.read(_picture_of(job, number))
        except FileNotFoundError as error:
            raise Http404 from error
        download_audit.note(request, job, "pictures", by="page")
        return HttpResponse(body, content_type="image/jpeg")


class JobSmallImageView(OneJob):
    """The picture of a page in small."""

    def get(self, request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
        """Read off the beginning of the picture; the whole of one that carries no small one."""
        job = self.get_object()
        try:
            with storage.open_file(_picture_of(job, number)) as file:
                head = file.read(HEAD_BYTES)
                body = small_of(head) or head + file.read()
        except FileNotFoundError as error:
            raise Http404 from error
        download_audit.note(request, job, "pictures", by="page")
        return HttpResponse(body, content_type="image/jpeg")


class JobTableView(OneJob):
    """A table of a page as a file for spreadsheets."""

    def get(
        self, request: HttpRequest, pk: UUID, number: int, block: int, name: str
    ) -> HttpResponseBase:
        """``block`` is the table's place among the page's blocks, from 0; ``name`` csv or tsv."""
        job = self.get_object()
        results.refuse_expired(job)
        rows = Page.objects.filter(job=job, number=number).values_list("content", flat=True)
        blocks = page_from_dict(get_object_or_404(rows)).blocks
        table = blocks[block].table if block < len(blocks) else None
        if table is None:
            raise NoResult("There is no such table on this page.")
        download_audit.note(request, job, "page", by="page")
        body = table_file(table, SEPARATORS[name])
        response = HttpResponse(body, content_type=f"text/{name}; charset=utf-8")
        stem = job.file.name.rsplit(".", 1)[0]
        return as_download(response, f"{stem} {number}-{block + 1}.{name}")


class JobDownloadView(OneJob):
    """The result in one of the formats, as the API gives it."""

    def get(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponseBase:
        """A download that no browser runs."""
        job = self.get_object()
        response = result_response(job, name)
        download_audit.note(request, job, name, by="page")
        return retention.delivering(job, response, request.method)


def _picture_of(job: Job, number: int) -> str:
    """The key of a page's picture. Raises Http404, ``Expired``."""
    results.refuse_expired(job)
    page = get_object_or_404(Page.objects.only("preview_key"), job=job, number=number)
    if not page.preview_key:
        raise Http404
    return page.preview_key
