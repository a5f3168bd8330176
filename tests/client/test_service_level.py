"""The month's service level through either client, and on the command line."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any, get_type_hints

import pytest
from rest_framework import serializers

from accounts import clock
from accounts.models import CallSum
from accounts.statements import month_of
from jobs import service_serializers
from jobs.models import Priority, ServiceSum, SiteAnswer
from ocrsite_client import ApiError, service_level
from ocrsite_client.cli import main
from ocrsite_client.login import Login
from tests.jobs.test_service_levels import promise
from tests.people import Organisation

SERIALIZERS = {
    service_level.ErrorBudget: service_serializers.ErrorBudgetSerializer,
    service_level.Availability: service_serializers.AvailabilitySerializer,
    service_level.SiteAnswers: service_serializers.SiteSerializer,
    service_level.Objective: service_serializers.ObjectiveSerializer,
    service_level.Turnaround: service_serializers.TurnaroundSerializer,
    service_level.ServiceDay: service_serializers.ServiceDaySerializer,
    service_level.ServiceLevel: service_serializers.ServiceLevelSerializer,
}
KINDS: dict[type[serializers.Field[Any, Any, Any, Any]], Any] = {
    serializers.IntegerField: int,
    serializers.FloatField: float,
    serializers.BooleanField: bool,
    serializers.CharField: str,
    serializers.DateField: str,
}


@pytest.fixture
def measured(acme: Organisation) -> date:
    """A month of acme's: 1000 calls of which 2 failed, 10 documents of which 1 was late."""
    promise(acme, seconds=60, a_page=2)
    first = month_of(clock.today())
    CallSum.objects.create(
        tenant=acme.tenant, day=first, plan="pro", calls=1000, failed=2, promised=1000, missed=2,
        allowed=1,
    )  # fmt: skip
    ServiceSum.objects.create(
        tenant=acme.tenant, day=first, plan="pro", priority=Priority.NORMAL, took=20, jobs=10,
        failed=0, promised=10, missed=1, allowed=Decimal("0.5"),
    )  # fmt: skip
    return first


def test_service_level_is_asked_for(either: Any, measured: date) -> None:
    found: service_level.ServiceLevel = either.service_level()
    assert (found["month"], found["plan"]) == (f"{measured:%Y-%m}", "Professional")
    calls = found["availability"]
    assert (calls["promised_percent"], calls["measured_percent"]) == (99.9, 99.8)
    assert (calls["budget"]["missed"], calls["budget"]["left"]) == (2, -1.0)
    (normal,) = (each for each in found["turnaround"] if each["priority"] == "normal")
    assert normal["promised"] == {"seconds": 60, "seconds_a_page": 2.0, "share": 95.0}
    assert (normal["jobs"], normal["measured_percent"]) == (10, 90.0)
    earlier = either.service_level("2026-01")
    assert (earlier["month"], earlier["availability"]["calls"]) == ("2026-01", 0)
    with pytest.raises(ApiError, match="month is a month") as refused:
        either.service_level("January")
    assert refused.value.code == "invalid_option"


def test_service_level_is_shown(
    address: str, acme: Organisation, measured: date, capsys: Any
) -> None:
    Login(address, acme.raw_key).keep()
    SiteAnswer.objects.create(minute=clock.now().replace(second=0, microsecond=0), answered=True)
    assert main(["service-level"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == [f"{measured:%Y-%m}", "so", "far", "Professional"]
    rows = {line[:17].strip(): line[17:].split("  ") for line in lines[3:]}
    cells = {name: [each.strip() for each in row if each.strip()] for name, row in rows.items()}
    assert cells["calls"] == ["99.9 %", "99.8 %", "-", "1000", "2", "-1 (0 %)"]
    promised, kept, p95, *rest = cells["normal priority"]
    assert (promised, kept, rest) == ("95 % in 60 s + 2 s/page", "90 %", ["10", "1", "-0.5 (0 %)"])
    assert p95.endswith(" s")
    assert cells["high priority"] == ["-", "-", "-", "0", "-", "-"]
    assert cells["site, by minutes"] == ["-", "100 %", "-", "1", "0", "-"]
    assert main(["service-level", "--month", "2026-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["month"] == "2026-01"
    assert main(["service-level", "--month", "January"]) == 4


@pytest.mark.parametrize("told", SERIALIZERS, ids=lambda told: told.__name__)
def test_types_are_those_of_the_api(told: Any) -> None:
    fields = SERIALIZERS[told]().fields
    hints = get_type_hints(told)
    assert hints.keys() == fields.keys()
    for name, field in fields.items():
        meant: Any
        if isinstance(field, serializers.ListSerializer):
            meant = list[_typed(field.child)]  # type: ignore[misc]
        else:
            meant = _typed(field)
        assert hints[name] == (meant | None if field.allow_null else meant), name


def _typed(field: Any) -> Any:
    kinds = {serializer: told for told, serializer in SERIALIZERS.items()}
    return kinds.get(type(field)) or KINDS[type(field)]
