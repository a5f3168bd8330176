"""Datasets as they stand after some imports, for tests."""

from __future__ import annotations

from accounts.tenancy import Actor
from jobs.corrections import Change, correct
from jobs.models import Job
from learning import datasets
from learning.models import Dataset, Example
from tests.jobs.making import upload
from tests.jobs.reviewing import OTHER, page, read_job, value
from tests.people import Organisation

BASE = "digits"


def corrected_job(organisation: Organisation, read: str, right: str) -> Job:
    """A job whose engine wrote ``Invoice READ`` where a person says that it is ``RIGHT``."""
    raise NotImplementedError


__all__ = ["BASE", "Actor", "Change", "Dataset", "Example", "Job", "OTHER", "correct", "datasets",
           "page", "read_job", "upload", "value"]
