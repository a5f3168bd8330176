"""What the endpoint of service levels gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.service_numbers import Day, Month, Tally, Turnaround


class ErrorBudgetSerializer(serializers.Serializer[Any]):
    """What may go wrong of what was promised (jobs.service_numbers.Tally)."""

    promised = serializers.IntegerField(help_text="how many were under a promise")
    missed = serializers.IntegerField(help_text="of them, those that missed it")
    allowed = serializers.FloatField(help_text="how many may miss it")
    left = serializers.FloatField(help_text="below 0: more have missed it than may")
    left_percent = serializers.FloatField(allow_null=True, help_text="null: nothing is promised")


class AvailabilitySerializer(serializers.Serializer[Any]):
    """Calls of the API."""

    promised_percent = serializers.FloatField(allow_null=True, help_text="by the plan of now")
    measured_percent = serializers.FloatField(allow_null=True, help_text="null: none came")
    calls = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="answered with a status of 500 and above")
    budget = ErrorBudgetSerializer()


class SiteSerializer(serializers.Serializer[Any]):
    """Whether the whole site answered, asked every minute."""

    minutes = serializers.IntegerField(help_text="of the month so far")
    asked = serializers.IntegerField(help_text="minutes; the others were not measured")
    answered = serializers.IntegerField(help_text="of them")
    measured_percent = serializers.FloatField(allow_null=True, help_text="null: never asked")


class ObjectiveSerializer(serializers.Serializer[Any]):
    """What the plan of now promises."""

    seconds = serializers.IntegerField(help_text="from submission to end, and besides")
    seconds_a_page = serializers.FloatField()
    share = serializers.FloatField(help_text="percent of jobs that are done in this time")


class TurnaroundSerializer(serializers.Serializer[Any]):
    """The jobs of a priority."""

    priority = serializers.CharField()
    promised = ObjectiveSerializer(allow_null=True)
    measured_percent = serializers.FloatField(
        allow_null=True, help_text="of the promised ones, those in time; null: none was promised"
    )
    p95_seconds = serializers.FloatField(allow_null=True, help_text="to within a fifth")
    jobs = serializers.IntegerField(help_text="that ended; not cancelled and cached ones")
    failed = serializers.IntegerField(help_text="by our fault")
    budget = ErrorBudgetSerializer()


class ServiceDaySerializer(serializers.Serializer[Any]):
    """A day of the month."""

    day = serializers.DateField()
    calls = serializers.IntegerField()
    calls_failed = serializers.IntegerField()
    jobs = serializers.IntegerField()
    jobs_missed = serializers.IntegerField(help_text="late, of the promised ones")


class ServiceLevelSerializer(serializers.Serializer[Any]):
    """A month: promised, measured, left."""

    month = serializers.CharField(help_text="2026-11")
    over = serializers.BooleanField()
    plan = serializers.CharField(help_text="of now; empty: none")
    availability = AvailabilitySerializer()
    site = SiteSerializer()
    turnaround = TurnaroundSerializer(many=True)
    days = ServiceDaySerializer(many=True)


def as_told(found: Month) -> dict[str, Any]:
    """The month for `ServiceLevelSerializer`."""
    return {
        "month": f"{found.month:%Y-%m}",
        "over": found.over,
        "plan": found.plan,
        "availability": {
            "promised_percent": found.availability,
            "measured_percent": found.calls.answered,
            "calls": found.calls.counted,
            "failed": found.calls.failed,
            "budget": found.calls,
        },
        "site": {
            "minutes": found.minutes,
            "asked": found.site.minutes,
            "answered": found.site.answers,
            "measured_percent": found.site.answered,
        },
        "turnaround": [_turnaround(each) for each in found.turnaround],
        "days": [_day(each) for each in found.days],
    }


def _turnaround(each: Turnaround) -> dict[str, Any]:
    jobs: Tally = each.jobs
    return {
        "priority": each.priority.label.lower(),
        "promised": each.objective,
        "measured_percent": jobs.kept,
        "p95_seconds": None if each.p95 is None else round(each.p95, 1),
        "jobs": jobs.counted,
        "failed": jobs.failed,
        "budget": jobs,
    }


def _day(each: Day) -> dict[str, Any]:
    jobs = each.all_jobs
    return {
        "day": each.day,
        "calls": each.calls.counted,
        "calls_failed": each.calls.failed,
        "jobs": jobs.counted,
        "jobs_missed": jobs.missed,
    }
