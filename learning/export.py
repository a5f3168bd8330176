"""A dataset as one zip, made while it is sent: the documents, and a line of JSON an example."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from jobs import storage
from jobs.batch_export import CHUNK_BYTES, Pipe
from jobs.models import StoredFile
from learning.models import Dataset, Example

AT_ONCE = 200


def stream(dataset: Dataset) -> Iterator[bytes]:
    """The archive's bytes.

    ``documents/SHA256.SUFFIX`` are the documents as they came, ``examples.jsonl`` (the last entry)
    has for each example its ``document``, ``page``, ``text``, ``split`` and ``source``. A document
    that is gone from the storage has no file; its examples say ``"missing": true``.
    """
    pipe = Pipe()
    missing: set[str] = set()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        rows = StoredFile.objects.filter(
            pk__in=Example.objects.filter(dataset=dataset).values("file")
        )
        for file in rows.order_by("pk").iterator(AT_ONCE):
            try:
                content = storage.open_file(file.key)
            except FileNotFoundError:
                missing.add(file.sha256)
                continue
            with content, archive.open(entry_of(file), "w", force_zip64=True) as out:
                while part := content.read(CHUNK_BYTES):
                    out.write(part)
                    yield pipe.taken()
            yield pipe.taken()
        info = zipfile.ZipInfo("examples.jsonl")
        info.compress_type = zipfile.ZIP_DEFLATED
        examples = Example.objects.filter(dataset=dataset).select_related("file").order_by("pk")
        with archive.open(info, "w", force_zip64=True) as out:
            for example in examples.iterator(AT_ONCE):
                out.write(_line(example, example.file.sha256 in missing))
                yield pipe.taken()
    yield pipe.taken()


def entry_of(file: StoredFile) -> str:
    """The document's name in the archive: of its content and kind, nothing of the sender's."""
    suffix = PurePosixPath(file.media_type).name.replace("jpeg", "jpg")
    return f"documents/{file.sha256}.{suffix}"


def _line(example: Example, missing: bool) -> bytes:
    row = {
        "document": entry_of(example.file),
        "name": example.file.name,
        "page": example.page,
        "text": example.text,
        "split": "held_out" if example.held_out else "train",
        "source": example.source,
        "confirmed_by": example.confirmed_by,
    } | ({"missing": True} if missing else {})
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
