"""What jobs are found by, and filters of their list that people keep."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.tenancy import TenantOwned
from jobs.models.jobs import Job


class SearchText(TenantOwned):
    """The text of an ended job in which its words are shown: its file's name, pages, fields."""

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(help_text="the file's name in the first line")

    def __str__(self) -> str:
        return str(self.job_id)


class WordsField(SearchVectorField):
    """A tsvector whose words are written by jobs/words.py, not by PostgreSQL's parser."""


@WordsField.register_lookup
class Matches(models.Lookup):
    """``words @@ 'text of a tsquery'``."""

    lookup_name = "matches"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @@ %s::tsquery", [*params, self.rhs]


class SearchWords(models.Model):
    """The words of an ended job, each behind its organisation's id, so that a search meets no
    other's. It holds nothing to be shown, and is read by jobs/search.py alone.

    No policy is on it: PostgreSQL would not use the index beneath one, for ``@@`` is not leakproof.
    What is found is looked up among the jobs, which are protected.
    """

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="+")
    words = WordsField()

    class Meta:
        indexes = [GinIndex(fields=["words"], name="search_words")]

    def __str__(self) -> str:
        return str(self.job_id)


class SavedFilter(TenantOwned):
    """A filter of the list of jobs that a person keeps, for themselves or for all."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000, help_text="of the list's address")
    shared = models.BooleanField(default=False, help_text="with all of the organisation")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["tenant", "name"], name="filter_tenant_name")]

    def __str__(self) -> str:
        return self.name
