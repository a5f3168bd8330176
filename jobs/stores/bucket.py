"""Files in a bucket of S3, or of a server that speaks its protocol."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import IO, Any

from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from django.core.files.base import File
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from jobs.stores import PAGE, Stored

CHUNK = 256 * 1024  # bytes of an object on their way at once
SPOOLED = 1_000_000  # bytes of an object kept in memory while it is read, the rest on disk
BROKEN = (HTTPClientError, IncompleteReadError)  # the connection ended amid an answer


@deconstructible
class BucketStore(S3Storage):
    """django-storages' store with bounds on time and memory, and what ``jobs.stores.Store`` asks.

    ``connect_seconds`` and ``read_seconds`` bound each wait for the server, ``tries`` how often a
    request is made. ``public_url`` is the address by which clients reach the same server, ""
    where they cannot. A server of one's own (``endpoint_url``) is given the bucket in the path,
    not in the host's name. An object is written by one request, so it is there whole or not at
    all, and no parts of it are ever left behind; S3 takes 5 GB in one.
    """

    def __init__(
        self,
        *,
        connect_seconds: float = 3,
        read_seconds: float = 10,
        tries: int = 2,
        public_url: str = "",
        **options: Any,
    ) -> None:
        style = options.pop("addressing_style", "") or (
            "path" if options.get("endpoint_url") else "auto"
        )
        common = {
            "signature_version": "s3v4",
            "s3": {"addressing_style": style},
            # newer sums are unknown to many servers; requests carry their length and, where the
            # line is not encrypted, a hash of the body
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        self.tries = tries
        self.public_url = public_url
        self.probe_config = Config(
            **common, connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}
        )
        self._clients: dict[tuple[int, str], Any] = {}
        super().__init__(
            file_overwrite=True,  # keys are ours and unique
            client_config=Config(
                **common,
                connect_timeout=connect_seconds,
                read_timeout=read_seconds,
                retries={"mode": "standard", "total_max_attempts": tries},
                max_pool_connections=64,
            ),
            **options,
        )

    @property
    def client(self) -> Any:
        """A client that this process's threads share, as clients may be; resources may not."""
        return self._client("", self.endpoint_url, self.client_config)

    def _client(self, name: str, endpoint: str | None, config: Config) -> Any:
        """Made once in each process: a forked child must not speak on its parent's sockets."""
        key = (os.getpid(), name)
        if key not in self._clients:
            client = self._create_session().client(
                "s3", region_name=self.region_name, endpoint_url=endpoint, config=config
            )
            client.meta.events.register("before-sign.s3.DeleteObjects", _add_md5)
            self._clients[key] = client
        return self._clients[key]

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """The object, fetched at once: a server that fails does so before anything is answered."""
        out = tempfile.SpooledTemporaryFile(SPOOLED, prefix="ocrsite-")  # noqa: SIM115
        try:
            self.fetch(name, out)
        except BaseException:
            out.close()
            raise
        out.seek(0)
        return File(out)

    def _save(self, name: str, content: File[bytes]) -> str:
        body: Any = content
        while isinstance(body, File):  # which is false where it has no name
            body = body.file
        body.seek(0)
        self.client.put_object(
            Bucket=self.bucket_name, Key=name, Body=body, ContentLength=content.size
        )
        return name

    def delete(self, name: str) -> None:
        """Remove the object; that it is gone already is no error."""
        self.client.delete_object(Bucket=self.bucket_name, Key=name)

    def fetch(self, key: str, out: IO[bytes]) -> None:
        """See ``jobs.stores.Store``; begun anew where the connection breaks amid it."""
        for left in reversed(range(self.tries)):
            answer = self._asked(self.client.get_object, key, Key=key)
            out.seek(0)
            out.truncate()
            try:
                with closing(answer["Body"]) as body:
                    for chunk in body.iter_chunks(CHUNK):
                        out.write(chunk)
                return
            except BROKEN:
                if not left:
                    raise

    def copy(self, key: str, target: str) -> None:
        """See ``jobs.stores.Store``; the server copies."""
        source = {"Bucket": self.bucket_name, "Key": key}
        self._asked(self.client.copy_object, key, Key=target, CopySource=source)

    def _asked(self, method: Any, key: str, **request: Any) -> Any:
        """The answer of the bucket. Raises FileNotFoundError where the object is not there."""
        try:
            return method(Bucket=self.bucket_name, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":  # and not NoSuchBucket
                raise FileNotFoundError(key) from error
            raise

    def listing(self, prefix: str = "") -> Iterator[list[Stored]]:
        """See ``jobs.stores.Store``; in the order of the keys."""
        for page in self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name,
            Prefix=prefix,
            PaginationConfig={"PageSize": PAGE},
        ):
            if found := page.get("Contents"):
                yield [Stored(one["Key"], one["Size"], one["LastModified"]) for one in found]

    def remove(self, keys: Iterable[str]) -> None:
        """See ``jobs.stores.Store``. Raises OSError where the server keeps one."""
        left = iter(keys)
        while some := [{"Key": key} for key in islice(left, PAGE)]:
            answer = self.client.delete_objects(
                Bucket=self.bucket_name, Delete={"Objects": some, "Quiet": True}
            )
            refused = [one for one in answer.get("Errors", ()) if one.get("Code") != "NoSuchKey"]
            if refused:
                raise OSError(f"{len(refused)} objects stay: {refused[0].get('Code')}")

    def check(self) -> None:
        """See ``jobs.stores.Store``: the bucket is there and answers within a few seconds."""
        probe = self._client("probe", self.endpoint_url, self.probe_config)
        probe.head_bucket(Bucket=self.bucket_name)

    def signed_url(
        self, key: str, *, seconds: int, disposition: str, media_type: str
    ) -> str | None:
        """See ``jobs.stores.Store``."""
        if not self.public_url:
            return None
        public = self._client("public", self.public_url, self.client_config)
        return str(
            public.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket_name,
                    "Key": key,
                    "ResponseContentDisposition": disposition,
                    "ResponseContentType": media_type,
                    "ResponseCacheControl": "private, no-store",
                },
                ExpiresIn=seconds,
            )
        )


def _add_md5(request: Any, **kwargs: Any) -> None:
    """The sum that many servers insist on here; botocore sends a newer one alone."""
    digest = hashlib.md5(request.data, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()
