"""jobs/plan_engines.py: what the plan has is offered and taken."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Plan, Tenant
from extraction.engines import ENGINES
from jobs.models import Job
from jobs.plan_engines import default_engine, engines_of
from tests.documents import text_pdf
from tests.jobs.making import form_file
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def with_engines(organisation: Organisation, *engines: str, usual: str = "") -> Tenant:
    plan = Plan.objects.create(name="p", title="P", engines=list(engines))
    tenant = organisation.tenant
    tenant.plan, tenant.default_engine = plan, usual
    tenant.save(update_fields=["plan", "default_engine"])
    return tenant


@pytest.mark.parametrize(
    ("engines", "usual", "installation", "chosen"),
    [
        ((), "", "auto", "auto"),
        ((), "rapidocr", "auto", "rapidocr"),
        (("rapidocr", "text-layer"), "rapidocr", "auto", "rapidocr"),
        (("rapidocr", "text-layer"), "auto", "rapidocr", "rapidocr"),
        (("gone", "rapidocr"), "", "auto", "rapidocr"),
    ],
)
def test_default_engine_is_one_that_the_plan_has(
    acme: Organisation,
    settings: Settings,
    engines: tuple[str, ...],
    usual: str,
    installation: str,
    chosen: str,
) -> None:
    settings.DEFAULT_ENGINE = installation
    assert default_engine(with_engines(acme, *engines, usual=usual)) == chosen


def test_without_a_plan_there_are_all(acme: Organisation) -> None:
    assert engines_of(acme.tenant) == list(ENGINES)
    assert engines_of(with_engines(acme)) == list(ENGINES)


def test_page_offers_what_the_plan_has_and_takes_its_default(acme: Organisation) -> None:
    with_engines(acme, "text-layer", "rapidocr")
    browser = Client()
    browser.force_login(acme.owner)
    page = browser.get("/jobs/new").content.decode()
    (choices,) = re.findall(r'<select name="engine".*?</select>', page, re.S)
    offered = re.findall(r'<option value="([^"]+)"', choices)
    assert sorted(offered) == ["rapidocr", "text-layer"]
    sent = {"file": form_file(text_pdf(["a"])), "engine": "auto"}
    assert browser.post("/jobs/new", sent).status_code == 400
    assert acme.api().post(
        "/api/v1/ocr/jobs", {"file": form_file(text_pdf(["a"]))}, format="multipart"
    ).status_code == 202  # fmt: skip
    assert Job.objects.get().engine == default_engine(Tenant.objects.get())


def test_engines_that_the_api_lists_are_the_plans(
    acme: Organisation, stranger: Organisation
) -> None:
    with_engines(acme, "rapidocr", "text-layer", usual="rapidocr")
    told = acme.api().get("/api/v1/models").json()["engines"]
    assert [(row["name"], row["default"]) for row in told] == [
        ("text-layer", False),
        ("rapidocr", True),
    ]
    others = stranger.api().get("/api/v1/models").json()["engines"]
    assert [row["name"] for row in others] == list(ENGINES)
