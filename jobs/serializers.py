"""The API's view of jobs: what goes out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from extraction.fields.document_types import BY_NAME
from jobs.models import Job, Priority, Status
from jobs.places import place_of, place_of_new
from jobs.results import formats_of


class LikelihoodSerializer(serializers.Serializer[Any]):
    """A less likely type."""

    kind = serializers.CharField()
    confidence = serializers.FloatField()


class EvidenceSerializer(serializers.Serializer[Any]):
    """Words that told the type."""

    text = serializers.CharField()
    page = serializers.IntegerField()
    box = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class ClassificationSerializer(serializers.Serializer[Any]):
    """What type of document it is; null until the end, and where nothing was read."""

    kind = serializers.ChoiceField(choices=list(BY_NAME))
    label = serializers.CharField()  # type: ignore[assignment]
    confidence = serializers.FloatField()
    alternatives = LikelihoodSerializer(many=True)
    evidence = EvidenceSerializer(many=True)


class PartSerializer(serializers.Serializer[Any]):
    """One of the documents of a file that was split."""

    number = serializers.IntegerField()
    pages = serializers.ListField(child=serializers.IntegerField())
    confidence = serializers.FloatField(help_text="how surely a document begins here")
    classification = ClassificationSerializer()
    template = serializers.CharField(
        default=None, allow_null=True, help_text="NAME@VERSION, as the job's"
    )


class PagesSerializer(serializers.Serializer[Any]):
    """Progress in pages; ``total`` is null until the document has been opened."""

    total = serializers.IntegerField(allow_null=True)
    done = serializers.IntegerField(help_text="failed ones included")
    failed = serializers.IntegerField()


class PlaceSerializer(serializers.Serializer[Any]):
    """Where a job stands that has not ended."""

    position = serializers.IntegerField(
        allow_null=True, help_text="tasks before it, about; null while a worker is at it"
    )
    eta_seconds = serializers.FloatField(
        allow_null=True, help_text="until its likely end, by what was done lately"
    )
    paused = serializers.BooleanField(
        help_text="whether the operators of the site hold such work back; its end cannot be told"
    )
    pause_reason = serializers.CharField(allow_blank=True, help_text="what they say of why")


class FailureSerializer(serializers.Serializer[Any]):
    """Why a job or page failed."""

    code = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    limit = serializers.FloatField(allow_null=True)
    actual = serializers.FloatField(allow_null=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why a person should look at a field."""

    field = serializers.CharField()
    code = serializers.ChoiceField(choices=["missing", "unsure", "inconsistent"])
    detail = serializers.CharField()
    document = serializers.IntegerField(
        allow_null=True, help_text="the part of a split file, from 1"
    )


class JobReviewSerializer(serializers.Serializer[Any]):
    """Whether a person should look at the fields, and why."""

    status = serializers.ChoiceField(choices=["open", "taken", "confirmed"], source="stage")
    reasons = ReasonSerializer(many=True)


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job as the API shows it; the fields are for the schema, ``to_representation`` fills them.

    By hand: a copy of all fields and of those inside them, made for each answer, costs several
    times what filling them does.
    """

    name = serializers.CharField(source="file.name", read_only=True, help_text="empty once expired")
    media_type = serializers.CharField(source="file.media_type", read_only=True)
    size = serializers.IntegerField(source="file.size", read_only=True, help_text="bytes")
    sha256 = serializers.CharField(source="file.sha256", read_only=True)
    priority = serializers.ChoiceField([level.label.lower() for level in Priority], read_only=True)
    pages = PagesSerializer(read_only=True)
    queue = PlaceSerializer(
        read_only=True, allow_null=True, help_text="null in lists and for a job that has ended"
    )
    classification = ClassificationSerializer(read_only=True, allow_null=True)
    documents = PartSerializer(many=True, read_only=True)
    template = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="whose fields were looked for; null until the end, for none, and where split",
    )
    review = JobReviewSerializer(
        read_only=True, allow_null=True, help_text="null where none was needed"
    )
    error = FailureSerializer(read_only=True, allow_null=True)
    batch = serializers.UUIDField(source="batch_id", read_only=True, allow_null=True)
    links = serializers.DictField(child=serializers.URLField(), read_only=True)
    cached = serializers.BooleanField(
        read_only=True, help_text="the result of the same document, read before; not billed"
    )
    same_as = serializers.UUIDField(
        source="same_as_id",
        read_only=True,
        allow_null=True,
        help_text="the job whose result it has, or waits for",
    )

    class Meta:
        model = Job
        fields = [
            "id",
            "status",
            "name",
            "media_type",
            "size",
            "sha256",
            "engine",
            "options",
            "priority",
            "metadata",
            "batch",
            "pages",
            "queue",
            "classification",
            "documents",
            "template",
            "review",
            "cached",
            "same_as",
            "attempt",
            "run",
            "error",
            "warnings",
            "retention_hours",
            "expires_at",
            "created_at",
            "started_at",
            "finished_at",
            "links",
        ]
        read_only_fields = fields

    def to_representation(self, job: Job) -> dict[str, Any]:
        review = getattr(job, "review", None)
        place = None
        if not self.parent:
            place = (place_of_new if job is self.context.get("made") else place_of)(job)
        return {
            "id": str(job.pk),
            "status": str(job.status),
            "name": job.file.name,
            "media_type": job.file.media_type,
            "size": job.file.size,
            "sha256": job.file.sha256,
            "engine": job.engine,
            "options": job.options,
            "priority": str(Priority(job.priority).label.lower()),
            "metadata": job.metadata,
            "batch": str(job.batch_id) if job.batch_id else None,
            "pages": {"total": job.pages_total, "done": job.pages_done, "failed": job.pages_failed},
            "queue": asdict(place) if place else None,
            "classification": job.classification,
            "documents": [{"template": None} | part for part in job.documents],
            "template": job.template or None,
            "review": {"status": review.stage, "reasons": review.reasons} if review else None,
            "cached": job.cached,
            "same_as": str(job.same_as_id) if job.same_as_id else None,
            "attempt": job.attempt,
            "run": job.run,
            "error": job.error,
            "warnings": job.warnings,
            "retention_hours": job.retention_hours,
            "expires_at": _moment(job.expires_at),
            "created_at": _moment(job.created_at),
            "started_at": _moment(job.started_at),
            "finished_at": _moment(job.finished_at),
            "links": self._links(job),
        }

    def _links(self, job: Job) -> dict[str, str]:
        request = self.context.get("request")
        own = reverse("job", args=[job.pk], request=request)
        if job.status == Status.EXPIRED:
            return {"self": own}
        links = {"self": own, "pages": f"{own}/pages", "links": f"{own}/links"}
        if not job.ended:
            links["cancel"] = f"{own}/cancel"
        elif job.status != Status.SUCCEEDED:
            links["retry"] = f"{own}/retry"
        if job.ended and job.pages_done:
            for row in formats_of(job):
                links[row.name] = reverse("job-result", args=[job.pk, row.name], request=request)
            links["review"] = reverse("review", args=[job.pk], request=request)
        return links


def _moment(value: datetime | None) -> str | None:
    """As Django REST framework writes it, in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


class PageStateSerializer(serializers.Serializer[Any]):
    """How far one page of a job is."""

    number = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["waiting", "done", "failed"])
    engine = serializers.CharField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    error = FailureSerializer(allow_null=True)
    tokens = serializers.IntegerField(
        allow_null=True, help_text="what a model has written so far of a page that it is at"
    )
