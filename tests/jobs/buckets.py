"""Buckets for tests, on whatever server speaks S3."""

from __future__ import annotations

import os
from typing import Any

import boto3
from django.core.files.storage import storages
from pytest_django import Settings

KEYS = {  # those of a real server where benchmarks/bucket.py has started one
    "access_key": os.environ.get("TEST_S3_KEY", "key"),
    "secret_key": os.environ.get("TEST_S3_SECRET", "a secret for tests"),
}


def client(address: str) -> Any:
    """A client of our own, beside the one that is tested."""
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )


def use_bucket(settings: Settings, address: str, name: str, **options: Any) -> str:
    """Make the bucket, and make it the storage of the settings; returns its name."""
    client(address).create_bucket(Bucket=name)
    point_to(settings, address, name, **options)
    return name


def point_to(settings: Settings, address: str, name: str, **options: Any) -> None:
    """Make this bucket the storage of the settings, whether it is there or not."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "jobs.stores.bucket.BucketStore",
            "OPTIONS": {
                "bucket_name": name,
                "endpoint_url": address,
                "region_name": "us-east-1",
                **KEYS,
                **options,
            },
        },
    }
    assert type(storages["default"]).__name__ == "BucketStore"
