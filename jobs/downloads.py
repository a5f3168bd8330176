"""Answers that are saved as files: what browsers are told of them, and their names."""

from __future__ import annotations

import re

from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from extraction.formats.html import STYLE_SOURCE

POLICY = f"default-src 'none'; style-src {STYLE_SOURCE}; frame-ancestors 'none'; sandbox"
MAX_BYTES = 255  # of a name, on every usual file system
MAX_SUFFIX = 20  # characters; what is longer is no suffix
# What stands for a place or a device somewhere, and "%", by which some decode what follows
_NO_NAME = re.compile(r'[<>:"/\\|?*%]')


def as_download(response: HttpResponseBase, name: str) -> HttpResponseBase:
    """The response as a file of about that name, which no browser shows, runs or tells of."""
    response["Content-Disposition"] = disposition(name)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "no-referrer"
    return response


def disposition(name: str) -> str:
    """The Content-Disposition (RFC 6266) of a download of about that name."""
    return content_disposition_header(True, file_name(name)) or "attachment"


def file_name(name: str) -> str:
    """The name as every system takes it for a file's, its suffix as it was.

    Without what does not print (line ends, marks that turn the direction of writing), separators of
    paths and dots at its ends; at most ``MAX_BYTES`` in UTF-8.
    """
    printed = "".join(char for char in name if char.isprintable())
    stem, dot, suffix = _NO_NAME.sub("_", printed).strip(" .").rpartition(".")
    if not stem or len(suffix) > MAX_SUFFIX:
        stem, dot, suffix = stem + dot + suffix, "", ""
    kept = stem.encode()[: MAX_BYTES - len(f".{suffix}".encode())].decode(errors="ignore")
    return (kept.strip(" .") or "document") + dot + suffix
