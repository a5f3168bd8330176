"""Files in a folder and in S3: the same behaviour, whole or not there at all."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, IncompleteReadError
from botocore.response import StreamingBody
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pytest_django import Settings

from jobs import storage, stores
from jobs.errors import StorageFull, StorageUnavailable
from jobs.stores import folder
from jobs.stores.bucket import BucketStore
from ocrsite.checks import check_configuration
from tests.jobs.buckets import KEYS, client, point_to
from tests.jobs.making import PDF, upload

ROOT = Path(__file__).resolve().parent.parent.parent
TENANT, JOB = uuid.uuid4(), uuid.uuid4()


def test_upload_is_kept_and_handed_to_a_worker_as_a_file(place: str) -> None:
    key = storage.upload_key(TENANT, uuid.uuid4())
    with upload() as received:
        storage.put_upload(key, received)
    assert storage.read(key) == PDF
    with storage.local_path(key) as path:
        assert path.read_bytes() == PDF
    assert path.exists() is (place == "folder")  # a fetched copy does not stay


def test_put_writes_over_an_older_object(place: str) -> None:
    key = storage.preview_key(TENANT, JOB, 1)
    storage.put(key, b"first attempt")
    storage.put(key, b"second attempt")
    assert storage.read(key) == b"second attempt"


def test_put_file_writes_all_of_an_open_file(place: str) -> None:
    key = storage.pdf_key(TENANT, JOB, 1)
    written = BytesIO(b"x" * 3_000_000)
    written.seek(17)
    storage.put_file(key, written)
    with storage.open_file(key) as file:
        assert sum(len(chunk) for chunk in file.chunks()) == 3_000_000


def test_files_of_a_job_are_counted_and_removed_and_no_others(place: str) -> None:
    mine, other = storage.upload_key(TENANT, uuid.uuid4()), storage.upload_key(TENANT, uuid.uuid4())
    foreign = storage.preview_key(TENANT, uuid.uuid4(), 1)
    previews = [storage.preview_key(TENANT, JOB, number) for number in (1, 2)]
    for key in (mine, other, foreign, *previews):
        storage.put(key, b"xy")
    files = storage.files_of(TENANT, JOB, mine)
    assert sorted(files) == sorted([mine, *previews])
    storage.remove(files)
    for key in (mine, *previews):
        with pytest.raises(FileNotFoundError):
            storage.read(key)
    assert storage.read(other) == b"xy"
    assert storage.read(foreign) == b"xy"
    storage.remove(files)  # once more: what is gone already is no error


def test_files_of_a_job_without_pages_are_the_upload(place: str) -> None:
    key = storage.upload_key(TENANT, uuid.uuid4())
    storage.put(key, b"x")
    files = storage.files_of(TENANT, uuid.uuid4(), key)
    assert files == [key]
    for _ in range(2):
        storage.remove(files)
        assert list(storage.pages()) == []


def test_missing_object_is_told(place: str) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("nobody/nothing")
    with pytest.raises(FileNotFoundError):
        storage.open_file("nobody/nothing")
    with pytest.raises(FileNotFoundError), storage.local_path("nobody/nothing"):
        pass
    assert storage.available() is True


def test_storage_is_listed_some_at_a_time(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PAGE", 2)
    monkeypatch.setattr(folder, "PAGE", 2)
    monkeypatch.setattr("jobs.stores.bucket.PAGE", 2)
    assert list(storage.pages()) == []
    keys = {storage.upload_key(TENANT, uuid.uuid4()) for _ in range(3)}
    keys |= {storage.preview_key(TENANT, JOB, number) for number in range(2)}
    for key in keys:
        storage.put(key, b"abc")
    pages = list(storage.pages())
    assert [len(page) for page in pages] == [2, 2, 1]
    found = [one for page in pages for one in page]
    assert {one.key for one in found} == keys
    assert {one.size for one in found} == {3}
    assert all(abs(one.modified - datetime.now(UTC)) < timedelta(minutes=1) for one in found)
    storage.remove(keys)
    assert list(storage.pages()) == []


# --- a folder: no truncated file, whatever the disk does


@pytest.fixture
def full_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the disk take so many bytes of a file, then no more."""

    def limit(count: int) -> None:
        class Full:
            def __init__(self, path: Path, mode: str) -> None:
                self.file = open(path, mode)  # noqa: SIM115

            def write(self, body: bytes) -> None:
                self.file.write(body[:count])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            def __enter__(self) -> Full:
                return self

            def __exit__(self, *args: object) -> None:
                self.file.close()

        monkeypatch.setattr(folder, "open", Full, raising=False)

    return limit


def test_full_disk_is_told_and_leaves_the_older_object(
    files: Path, full_after: Callable[[int], None]
) -> None:
    key = storage.preview_key(TENANT, JOB, 1)
    storage.put(key, b"older")
    full_after(3)
    with pytest.raises(StorageFull) as told:
        storage.put(key, b"newer")
    assert (told.value.status, told.value.code) == (507, "storage_full")
    assert storage.read(key) == b"older"
    assert [one.key for page in storage.pages() for one in page] == [key]


def test_content_shorter_than_it_says_is_not_kept(files: Path) -> None:
    content = ContentFile(b"half of it")
    content.size = 20
    with pytest.raises(StorageUnavailable), storage._told("storing"):
        default_storage.save("a/uploads/b", content)
    assert list(storage.pages()) == []


LIMITED = """
    import os, resource, signal, sys
    os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
    import django; django.setup()
    from django.core.files.uploadedfile import TemporaryUploadedFile
    from jobs import storage
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    sent = TemporaryUploadedFile("a", "application/pdf", 230_000, None)
    sent.write(b"x" * 230_000)
    sent.seek(0)
    {limit}
    try:
        storage.put_upload("tenant/uploads/1", sent)
    except Exception as error:
        print(type(error).__name__, [one.key for page in storage.pages() for one in page])
    else:
        print("kept", len(storage.read("tenant/uploads/1")))
"""


def in_child(limit: str, files: Path, temporary: Path, *before: str) -> str:
    """What a process prints that keeps an upload of 230,000 bytes under a limit."""
    code = textwrap.dedent(LIMITED).format(limit=limit)
    env = {**os.environ, "VAR_DIR": str(files), "TMPDIR": str(temporary), "LOG_LEVEL": "CRITICAL"}
    command = [*before, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system, so that uploads are copied and not moved."""
    place = Path("/dev/shm")
    if not place.is_dir() or place.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("no second file system")
    with tempfile.TemporaryDirectory(dir=place, prefix="ocrsite-test-") as folder_name:
        yield Path(folder_name)


def test_upload_that_the_system_cuts_off_is_not_kept(tmp_path: Path, other_disk: Path) -> None:
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    assert in_child(limit, tmp_path, other_disk) == "StorageFull []"
    assert in_child("pass", tmp_path, other_disk) == "kept 230000"


def test_upload_onto_a_full_disk_is_not_kept(tmp_path: Path) -> None:
    """The disk ends amid the last block: Django's own storage takes that for success."""
    small = tmp_path / "small"
    small.mkdir()
    mount = f'mount -t tmpfs -o size=200k tmpfs {small} && exec "$@"'
    before = ("unshare", "-m", "sh", "-c", mount, "sh")
    allowed = subprocess.run([*before, "true"], capture_output=True)
    if allowed.returncode:
        pytest.skip("mounting is not permitted here")
    assert in_child("pass", small, tmp_path, *before) == "StorageFull []"


def test_partial_files_are_not_objects(files: Path) -> None:
    key = storage.upload_key(TENANT, uuid.uuid4())
    storage.put(key, b"x")
    place = (files / key).parent
    assert [path.name for path in place.iterdir()] == [key.rpartition("/")[2]]
    assert (files / key).stat().st_mode & 0o777 == 0o600


def test_file_survives_the_removal_of_its_empty_folder(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker keeps a picture while another removes the job's last one."""
    once: list[Path] = []
    mkdir = Path.mkdir

    def racing(self: Path, *args: Any, **kwargs: Any) -> None:
        mkdir(self, *args, **kwargs)
        if self.name == str(JOB) and not once:
            once.append(self)
            self.rmdir()

    monkeypatch.setattr(Path, "mkdir", racing)
    storage.put(storage.preview_key(TENANT, JOB, 1), b"x")
    assert once
    assert storage.read(storage.preview_key(TENANT, JOB, 1)) == b"x"


def test_folder_that_cannot_be_made_is_unavailable(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    settings.MEDIA_ROOT = str(tmp_path / "file" / "below")
    with pytest.raises(StorageUnavailable):
        storage.put(storage.preview_key(TENANT, JOB, 1), b"x")
    assert storage.available() is False


# --- a bucket: bounds on time and memory


def test_missing_bucket_is_not_available(s3_address: str, settings: Settings) -> None:
    point_to(settings, s3_address, "no-such-bucket")
    assert storage.available() is False
    with pytest.raises(StorageUnavailable):
        storage.put("a/uploads/b", b"x")


def test_bucket_server_without_room_is_told() -> None:
    answer = {"Error": {"Code": "x"}, "ResponseMetadata": {"HTTPStatusCode": 507}}
    assert stores.is_full(ClientError(answer, "PutObject"))
    assert not stores.is_full(OSError(errno.EACCES, "no"))


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_silent_bucket_server_is_told_in_time(silent: str, settings: Settings) -> None:
    point_to(settings, silent, "documents", read_seconds=0.2)
    begun = time.monotonic()
    with pytest.raises(StorageUnavailable):
        storage.read("a/uploads/b")
    assert time.monotonic() - begun < 5  # two tries of a fifth of a second, and a pause
    begun = time.monotonic()
    assert storage.available() is False
    assert time.monotonic() - begun < 6


def test_bucket_server_that_is_away_is_told_and_comes_back(
    bucket: str, s3_address: str, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    point_to(settings, nobody, bucket)
    assert storage.available() is False
    with pytest.raises(StorageUnavailable):
        storage.put("a/uploads/b", b"x")
    point_to(settings, s3_address, bucket)
    storage.put("a/uploads/b", b"x")
    assert (storage.available(), storage.read("a/uploads/b")) == (True, b"x")


def test_answer_that_breaks_off_is_fetched_anew_and_never_half_of_it(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put("a/uploads/b", b"x" * 1000)
    read, broken = StreamingBody.read, [300, 0]
    steps = [*broken, 2000, 2000, *broken, *broken]  # bytes asked for, 0: the line breaks

    def scripted(self: StreamingBody, amount: int) -> bytes:
        if not (step := steps.pop(0)):
            raise IncompleteReadError(actual_bytes=300, expected_bytes=1000)
        return read(self, step)

    monkeypatch.setattr(StreamingBody, "read", scripted)
    assert storage.read("a/uploads/b") == b"x" * 1000
    with pytest.raises(StorageUnavailable):
        storage.open_file("a/uploads/b")


def test_object_that_a_bucket_keeps_is_told(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 says so in an answer of 200."""
    sums: list[Any] = []
    store = cast(BucketStore, storage.store())

    def answer(**kwargs: Any) -> None:
        kwargs["parsed"]["Errors"] = [{"Key": "a", "Code": "AccessDenied"}]

    store.client.meta.events.register("after-call.s3.DeleteObjects", answer)
    store.client.meta.events.register(
        "before-send.s3.DeleteObjects", lambda request, **_: sums.append(request.headers)
    )
    with pytest.raises(StorageUnavailable):
        storage.remove(["a"])
    storage.delete(["a"])  # is logged
    assert all(headers["Content-MD5"] for headers in sums)  # which older servers want
    assert len(sums) == 2


def test_forked_process_has_a_connection_of_its_own(bucket: str) -> None:
    storage.put("a/uploads/b", b"x")
    store = cast(BucketStore, storage.store())
    mine, read, write = store.client, *os.pipe()
    child = os.fork()
    if not child:
        try:
            same = store.client is mine
            os.write(write, b"same" if same else storage.read("a/uploads/b"))
        finally:  # it has the tests before it, too
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"x"
    assert store.client is mine
    os.close(read)
    os.close(write)


def test_large_upload_goes_in_one_request_and_little_memory(bucket: str, s3_address: str) -> None:
    """In parts it would leave some behind when it breaks off; at once they would lie in memory."""
    key = storage.upload_key(TENANT, uuid.uuid4())
    code = """
        import os
        os.environ["DJANGO_SETTINGS_MODULE"] = "ocrsite.settings"
        import django; django.setup()
        import psutil
        from django.core.files.uploadedfile import TemporaryUploadedFile
        from jobs import storage
        storage.put("warm/uploads/up", b"x")
        sent = TemporaryUploadedFile("a", "application/pdf", 50_000_000, None)
        for _ in range(50):
            sent.write(b"x" * 1_000_000)
        sent.seek(0)
        before = psutil.Process().memory_info().rss
        storage.put_upload({key!r}, sent)
        kept = psutil.Process().memory_info().rss
        with storage.local_path({key!r}) as path:
            assert path.stat().st_size == 50_000_000
        fetched = psutil.Process().memory_info().rss
        print((kept - before) // 1_000_000, (fetched - before) // 1_000_000)
    """
    env = {
        **os.environ,
        **{"S3_BUCKET": bucket, "S3_ENDPOINT_URL": s3_address, "S3_REGION": "us-east-1"},
        **{"S3_ACCESS_KEY": KEYS["access_key"], "S3_SECRET_KEY": KEYS["secret_key"]},
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code).format(key=key)],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept, fetched = map(int, done.stdout.split())
    assert max(kept, fetched) < 20
    head = client(s3_address).head_object(Bucket=bucket, Key=key)
    assert (head["ContentLength"], "-" in head["ETag"]) == (50_000_000, False)  # not in parts


# --- settings


def test_settings_of_a_bucket_that_cannot_work_are_told(settings: Settings) -> None:
    def ids(**options: Any) -> list[str]:
        point_to(settings, "http://127.0.0.1:9", "documents", **options)
        return [one.id or "" for one in check_configuration() if one.id in WRONG]

    WRONG = ("ocrsite.E013", "ocrsite.E014", "ocrsite.E015")
    assert ids() == []
    assert ids(public_url="https://files.example.com") == []
    assert ids(public_url="files.example.com/documents") == ["ocrsite.E013"]
    assert ids(secret_key="") == ["ocrsite.E014"]
    assert ids(read_seconds=0) == ["ocrsite.E015"]
    settings.LINK_SECONDS = 86_400
    assert ids() == ["ocrsite.E015"]
