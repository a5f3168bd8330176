"""What the usage endpoint gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.quota_counters import QUOTAS, TRAINING


class UsedSerializer(serializers.Serializer[Any]):
    """What the submissions of some time came to (accounts.usage.Used)."""

    calls = serializers.IntegerField(help_text="documents accepted")
    pages = serializers.IntegerField(help_text="billed; failed and cached ones are free")
    compute_seconds = serializers.FloatField(help_text="that engines spent on those pages")
    cached = serializers.IntegerField(help_text="jobs that had another one's result")
    failed = serializers.IntegerField(help_text="times that a job failed")
    open = serializers.IntegerField(help_text="jobs that have not ended: their pages are to come")
    cost = serializers.DictField(
        child=serializers.CharField(),
        help_text="of the pages, by currency, without base fee and tax; empty where none was due",
    )


class BucketSerializer(serializers.Serializer[Any]):
    """The submissions of a minute, hour, day or month (accounts.usage.Bucket)."""

    start = serializers.DateTimeField()
    total = UsedSerializer()
    engines = serializers.DictField(child=UsedSerializer(), help_text="by engine")


class StandingSerializer(serializers.Serializer[Any]):
    """A quota as it stands (accounts.quota_standings.Standing); null is unlimited."""

    limit = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(
        help_text="pages, or seconds of training, kept for what has not ended"
    )
    remaining = serializers.IntegerField(allow_null=True)
    resets_at = serializers.DateTimeField(allow_null=True)


class QuotasSerializer(serializers.Serializer[Any]):
    """Each quota as it stands now."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {quota: StandingSerializer() for quota in (*QUOTAS, TRAINING)}


class UsageSerializer(serializers.Serializer[Any]):
    """Usage over time, and what is left."""

    by = serializers.CharField()
    from_ = serializers.DateTimeField(help_text="start of the first bucket")
    to = serializers.DateTimeField(help_text="end of the last one")
    total = UsedSerializer()
    buckets = BucketSerializer(many=True)
    quotas = QuotasSerializer()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "from" is a word of the language, so the field cannot be declared by its name
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}
