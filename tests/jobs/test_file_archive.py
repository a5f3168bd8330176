"""jobs/file_archive.py, manage.py files: all files out of one storage and into another."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from jobs import file_archive, storage
from jobs.models import StoredFile
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_queue")]


def everything() -> dict[str, bytes]:
    """All that the storage holds."""
    return {one.key: storage.read(one.key) for page in storage.pages() for one in page}


def saved() -> io.BytesIO:
    out = io.BytesIO()
    file_archive.save(out)
    return io.BytesIO(out.getvalue())


def test_files_go_from_a_folder_into_a_bucket_and_out_of_it(
    acme: Organisation, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    run_job(str(make_job(acme, preview=True, outputs=("pdf",)).pk))
    before = everything()
    storage.put("notes.txt", b"of somebody else")
    assert len(before) == 3
    archive = saved()
    request.getfixturevalue("bucket")
    assert everything() == {}
    key = StoredFile.objects.get().key
    assert list(file_archive.wrong()) == [("missing", key)]
    done = file_archive.load(archive)
    assert (done.files, done.bytes) == (3, sum(map(len, before.values())))
    assert everything() == before
    assert list(file_archive.wrong()) == []
    storage.put(key, b"other")
    assert list(file_archive.wrong()) == [("changed", key)]
    with pytest.raises(CommandError, match="1 documents are not"):
        call_command("files", "check")
    storage.delete([key])
    assert file_archive.load(saved()).files == 2  # out of the bucket


def test_archive_of_another_making_writes_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    for name in ("../../etc/passwd", "notes.txt", f"{'0' * 8}-0000/uploads/x"):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.addfile(tarfile.TarInfo(name))
        with pytest.raises(file_archive.WrongArchive, match="no file of the site"):
            file_archive.load(io.BytesIO(out.getvalue()))
    with pytest.raises(file_archive.WrongArchive, match="cut off"):
        file_archive.load(io.BytesIO(b"no tar" * 200))
    assert everything() == {}


def test_archive_that_was_cut_off_is_told(
    acme: Organisation, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_job(acme)
    whole = saved().getvalue()
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        (entry,) = archive.getmembers()
    with pytest.raises(file_archive.WrongArchive):
        file_archive.load(io.BytesIO(whole[: entry.offset_data + entry.size - 1]))
    assert list(file_archive.wrong()) == []  # the one before is not half written over
