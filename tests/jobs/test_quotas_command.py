"""`manage.py quotas`."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts.models import QuotaUse
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def test_command_tells_of_differences_and_repairs_them(
    acme: Organisation, capsys: pytest.CaptureFixture[str]
) -> None:
    make_job(acme)
    call_command("quotas")
    assert capsys.readouterr().out == "differences = 0\n"
    QuotaUse.objects.filter(period="open").update(used=7)
    line = f"{acme.tenant.pk} open: 7 used, 0 reserved; due 1, 0\n"
    with pytest.raises(SystemExit) as ended:
        call_command("quotas")
    assert ended.value.code == 1
    assert capsys.readouterr().out == f"{line}differences = 1\n"
    call_command("quotas", "--repair")
    assert capsys.readouterr().out == f"{line}differences = 1, repaired\n"
    call_command("quotas")
    assert capsys.readouterr().out == "differences = 0\n"
