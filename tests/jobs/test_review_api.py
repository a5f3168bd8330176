"""Reviews through the API: the happy path first, then refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from accounts.permissions import Role
from jobs import review_api
from jobs.models import FieldRevision, Job, Review
from tests.jobs.making import make_job
from tests.jobs.reviewing import RIGHT, money, read_job
from tests.people import PASSWORD, Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
JOBS, REVIEWS = "/api/v1/ocr/jobs", "/api/v1/reviews"


def person(organisation: Organisation, role: Role) -> APIClient:
    """A client of a new person with this role."""
    email = organisation.join(role).email
    client = APIClient()
    issued = client.post("/api/v1/auth/token", {"email": email, "password": PASSWORD}).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued['access']}")
    return client


def put(client: APIClient, job: Job, name: str, **body: Any) -> Any:
    """Say something of a field."""
    return client.put(f"{JOBS}/{job.pk}/fields/{name}", body)


def refusal(answer: Any) -> tuple[int, str]:
    """Status and code of a problem."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def test_review_from_queue_to_confirmation(acme: Organisation) -> None:
    job = read_job(acme)
    client = person(acme, Role.REVIEWER)
    (row,) = client.get(f"{REVIEWS}?status=open").json()["results"]
    assert (row["job"], row["name"], row["status"]) == (str(job.pk), "a.pdf", "open")
    assert row["document_type"] == "invoice"
    assert {"field": "invoice_date", "code": "missing", "document": None,
            "detail": "Invoice date was not found."} in row["reasons"]  # fmt: skip

    taken = client.post(f"{REVIEWS}/{job.pk}/take").json()
    assert (taken["status"], taken["taken_by"]) == ("taken", "reviewer@acme.example")
    assert taken["taken_until"] > taken["created_at"]

    shown = client.get(row["links"]["self"]).json()
    fields = {field["name"]: field for field in shown["fields"]}
    assert shown["version"] == 0
    assert fields["total_amount"]["value"] == money("19.00")
    assert (fields["total_amount"]["version"], fields["total_amount"]["status"]) == (0, "read")
    assert (fields["invoice_date"]["status"], fields["invoice_date"]["value"]) == ("missing", None)
    assert fields["invoice_date"]["required"] is True
    assert fields["due_date"]["status"] == "missing", "looked for as well"
    assert fields["due_date"]["required"] is False

    corrected = put(client, job, "total_amount", version=0, raw="119,00", note="tax")
    assert corrected.status_code == 200, corrected.content
    assert (corrected.json()["version"], corrected.json()["status"]) == (1, "corrected")
    assert corrected.json()["box"] == [30.0, 80.0, 80.0, 90.0]
    put(client, job, "invoice_date", version=0, value="2026-01-31")

    shown = client.get(f"{REVIEWS}/{job.pk}").json()
    assert (shown["version"], shown["remaining"]) == (2, [])
    closed = client.post(f"{REVIEWS}/{job.pk}/confirm", {"version": 2})
    assert closed.status_code == 200, closed.content
    assert (closed.json()["status"], closed.json()["confirmed_by"], closed.json()["taken_by"]) == (
        "confirmed",
        "reviewer@acme.example",
        None,
    )
    result = client.get(f"{JOBS}/{job.pk}/result.json").json()
    methods = {field["name"]: field["method"] for field in result["fields"]}
    assert methods == {
        "invoice_number": "confirmed",
        "issuer_name": "confirmed",
        "subtotal": "confirmed",
        "tax_amount": "confirmed",
        "total_amount": "corrected",
        "invoice_date": "corrected",
    }
    assert client.get(f"{REVIEWS}?status=open").json()["results"] == []
    actions = (
        AuditEntry.objects.filter(object_id=str(job.pk))
        .exclude(action="job.download")
        .order_by("id")
    )
    assert [entry.action for entry in actions][-4:] == [
        "review.take",
        "field.correct",
        "field.correct",
        "review.confirm",
    ]


def test_field_comes_with_its_history(acme: Organisation) -> None:
    job, client = read_job(acme), acme.api()
    put(client, job, "total_amount", version=0, raw="119,00", note="tax")
    body = client.get(f"{JOBS}/{job.pk}/fields/total_amount").json()
    assert (body["field"]["name"], body["field"]["value"]) == ("total_amount", money("119.00"))
    assert [(each["version"], each["status"], each["by"]) for each in body["history"]] == [
        (0, "read", None),
        (1, "corrected", "API key first"),
    ]
    assert body["history"][0]["confidence"] == 0.31
    assert (body["history"][1]["note"], body["history"][1]["confidence"]) == ("tax", 1.0)


def test_job_shows_its_review_and_the_list_is_filtered_by_it(acme: Organisation) -> None:
    needs, does_not, client = read_job(acme), read_job(acme, *RIGHT), acme.api()
    shown = client.get(f"{JOBS}/{needs.pk}").json()
    assert shown["review"]["status"] == "open"
    assert len(shown["review"]["reasons"]) == 5
    assert shown["links"]["review"].endswith(f"/reviews/{needs.pk}")
    assert client.get(f"{JOBS}/{does_not.pk}").json()["review"] is None

    def listed(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"{JOBS}?{query}").json()["results"]]

    assert listed("needs_review=true") == [str(needs.pk)]
    assert listed("needs_review=false") == [str(does_not.pk)]
    assert listed("needs_review=true&status=failed") == []
    put(client, needs, "invoice_date", version=0, value=None)
    client.post(f"{REVIEWS}/{needs.pk}/confirm", {"version": 1})
    assert listed("needs_review=true") == []
    assert listed("needs_review=false") == [str(does_not.pk), str(needs.pk)]
    assert refusal(client.get(f"{JOBS}?needs_review=yes")) == (400, "invalid_option")


def test_queue_is_read_oldest_first_by_cursor(acme: Organisation) -> None:
    jobs = [str(read_job(acme).pk) for _ in range(3)]
    client = acme.api()
    first = client.get(f"{REVIEWS}?page_size=2").json()
    rest = client.get(first["next"]).json()
    assert [row["job"] for row in (*first["results"], *rest["results"])] == jobs
    assert rest["next"] is None
    assert client.get(f"{REVIEWS}?cursor=cD1ub3QtYW4taWQ=").status_code == 404


def test_queue_is_filtered_by_status(acme: Organisation) -> None:
    free, held, done = (read_job(acme) for _ in range(3))
    client = acme.api()
    client.post(f"{REVIEWS}/{held.pk}/take")
    put(client, done, "invoice_date", version=0, value=None)
    client.post(f"{REVIEWS}/{done.pk}/confirm", {"version": 1})

    def listed(query: str) -> list[str]:
        return [row["job"] for row in client.get(REVIEWS + query).json()["results"]]

    assert listed("?status=open") == [str(free.pk)]
    assert listed("?status=taken") == [str(held.pk)]
    assert listed("?status=confirmed") == [str(done.pk)]
    assert listed("") == [str(job.pk) for job in (free, held, done)]
    Review.objects.filter(job=held).update(taken_until="2026-01-01T00:00:00Z")
    assert listed("?status=open") == [str(free.pk), str(held.pk)], "the claim has run out"
    assert listed("?status=taken") == []
    assert refusal(client.get(f"{REVIEWS}?status=odd")) == (400, "invalid_option")


def test_queue_takes_the_same_queries_for_1_and_30_reviews(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = acme.api()
    client.post(f"{REVIEWS}/{read_job(acme).pk}/take")
    client.get(REVIEWS)
    counts = []
    for url in (REVIEWS, JOBS):
        with CaptureQueriesContext(connection) as one:
            client.get(url)
        counts.append(len(one))
    for _ in range(29):
        client.post(f"{REVIEWS}/{read_job(acme).pk}/take")
    for url, count in zip((REVIEWS, JOBS), counts, strict=True):
        with django_assert_num_queries(count):
            assert len(client.get(url).json()["results"]) == 30


def test_strangers_queue_is_empty(acme: Organisation, stranger: Organisation) -> None:
    own = read_job(stranger)
    job = read_job(acme)
    listed = stranger.api().get(REVIEWS).json()["results"]
    assert [row["job"] for row in listed] == [str(own.pk)]
    answer = put(stranger.api(), job, "total_amount", version=0, raw="1,00")
    assert refusal(answer) == (404, "not_found")
    assert not FieldRevision.objects.exists()
    assert stranger.api().post(f"{REVIEWS}/{job.pk}/take").status_code == 404
    assert Review.objects.get(job=job).taken_until is None


def test_two_people_get_in_each_others_way_politely(acme: Organisation) -> None:
    job, one = read_job(acme), acme.api()
    other = person(acme, Role.MEMBER)
    one.post(f"{REVIEWS}/{job.pk}/take")
    refused = other.post(f"{REVIEWS}/{job.pk}/take")
    assert refusal(refused) == (409, "review_taken")
    assert refused.json()["detail"].startswith("API key first has it until 20")
    for answer in (
        put(other, job, "total_amount", version=0, raw="1,00"),
        other.post(f"{REVIEWS}/{job.pk}/confirm", {"version": 0}),
        other.post(f"{REVIEWS}/{job.pk}/release"),
    ):
        assert refusal(answer) == (409, "review_taken")
    assert one.post(f"{REVIEWS}/{job.pk}/release").json()["status"] == "open"
    assert put(other, job, "total_amount", version=0, raw="119,00").status_code == 200
    stale = put(one, job, "total_amount", version=0, raw="120,00")
    assert refusal(stale) == (409, "version_conflict")
    assert stale.json()["actual"] == 1
    assert refusal(one.post(f"{REVIEWS}/{job.pk}/confirm", {"version": 0})) == (
        409,
        "version_conflict",
    )


def test_confirming_without_a_required_field_names_it(acme: Organisation) -> None:
    job = read_job(acme)
    answer = acme.api().post(f"{REVIEWS}/{job.pk}/confirm", {"version": 0})
    assert refusal(answer) == (409, "fields_missing")
    assert answer.json()["detail"].endswith(": invoice_date")


def test_job_that_needs_no_review_can_be_looked_at_corrected_and_confirmed(
    acme: Organisation,
) -> None:
    job, client = read_job(acme, *RIGHT), acme.api()
    shown = client.get(f"{REVIEWS}/{job.pk}").json()
    assert (shown["status"], shown["reasons"], shown["created_at"]) == (None, [], None)
    assert refusal(client.post(f"{REVIEWS}/{job.pk}/take")) == (409, "not_in_review")
    assert refusal(client.post(f"{REVIEWS}/{job.pk}/release")) == (409, "not_in_review")
    assert put(client, job, "total_amount", version=0, raw="120,00").status_code == 200
    closed = client.post(f"{REVIEWS}/{job.pk}/confirm", {"version": 1}).json()
    assert (closed["status"], closed["confirmed_by"]) == ("confirmed", "API key first")


def test_roles_and_scopes_bound_what_may_be_done(acme: Organisation) -> None:
    job = read_job(acme)
    for client in (person(acme, Role.VIEWER), acme.api("jobs:read")):
        assert client.get(REVIEWS).status_code == 200
        assert client.get(f"{REVIEWS}/{job.pk}").status_code == 200
        assert client.get(f"{JOBS}/{job.pk}/fields/total_amount").status_code == 200
        for answer in (
            client.post(f"{REVIEWS}/{job.pk}/take"),
            client.post(f"{REVIEWS}/{job.pk}/release"),
            client.post(f"{REVIEWS}/{job.pk}/confirm", {"version": 0}),
            put(client, job, "total_amount", version=0, raw="1,00"),
        ):
            assert refusal(answer) == (403, "permission_denied")
    narrow = acme.api("jobs:write")
    assert narrow.get(f"{REVIEWS}/{job.pk}").status_code == 403
    assert put(narrow, job, "total_amount", version=0, raw="119,00").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_option"),
        ({"raw": "1,00"}, 400, "invalid_option"),
        ({"version": 0}, 400, "invalid_option"),
        ({"version": -1, "raw": "1,00"}, 400, "invalid_option"),
        ({"version": 0, "raw": "1,00", "box": [0, 0, 1, 1]}, 400, "invalid_option"),
        ({"version": 0, "raw": "1,00", "page": 1, "box": [0, 0, 1]}, 400, "invalid_option"),
        ({"version": 0, "raw": "1,00", "page": 9}, 400, "invalid_option"),
        ({"version": 0, "raw": "1,00", "document": 1}, 400, "invalid_option"),
        ({"version": 0, "raw": "1,00", "note": "x" * 501}, 400, "invalid_option"),
        ({"version": 0, "raw": "1,00", "note": "\0"}, 400, "malformed_request"),
        ({"version": 0, "raw": "lots"}, 422, "invalid_value"),
        ({"version": 0, "raw": ["1,00"]}, 422, "invalid_value"),
        ({"version": 0, "raw": "1\0"}, 400, "malformed_request"),
        ({"version": 0, "value": {"amount": "1\0"}}, 400, "malformed_request"),
        ({"version": 0, "value": {"amount": "x"}}, 422, "invalid_value"),
        ({"version": 0, "value": [[[]]]}, 422, "invalid_value"),
    ],
)
def test_change_that_is_none_is_refused(
    acme: Organisation, body: dict[str, Any], status: int, code: str
) -> None:
    job = read_job(acme)
    assert refusal(put(acme.api(), job, "total_amount", **body)) == (status, code)
    assert not FieldRevision.objects.exists()


@pytest.mark.parametrize("name", ["subtotal", "line_items", "issuer_address", "issuer_name"])
@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "1e400",
        '"\\ud800"',
        '{"text": "\\u0000"}',
        '[{"description": "\\u0000"}]',
        '[{"\\u0000": "x"}]',
        '{"amount": "1.00", "currency": "\\u0000"}',
        "[" * 500 + "]" * 500,
    ],
)
def test_values_that_cannot_be_kept_are_refused(acme: Organisation, name: str, value: str) -> None:
    job, client = read_job(acme), acme.api()
    for key in ("raw", "value"):
        body = f'{{"version": 0, "{key}": {value}}}'
        answer = client.generic("PUT", f"{JOBS}/{job.pk}/fields/{name}", body, "application/json")
        assert answer.status_code in (400, 422), answer.content
    assert not FieldRevision.objects.exists()


def test_body_of_more_bytes_than_allowed_is_refused(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = read_job(acme)
    monkeypatch.setattr(review_api, "MAX_BODY_BYTES", 100)
    answer = put(acme.api(), job, "total_amount", version=0, raw="1" * 200)
    assert refusal(answer) == (422, "invalid_value")
    assert answer.json()["limit"] == 100


def test_unknown_field_and_part_are_refused(acme: Organisation) -> None:
    job, client = read_job(acme), acme.api()
    assert refusal(client.get(f"{JOBS}/{job.pk}/fields/shoe_size")) == (404, "not_found")
    assert refusal(put(client, job, "shoe_size", version=0, raw="1")) == (404, "not_found")
    assert client.get(f"{JOBS}/{job.pk}/fields/Total-Amount").status_code == 404
    for part in ("1", "one", "²", "9" * 30):
        answer = client.get(f"{JOBS}/{job.pk}/fields/total_amount", {"document": part})
        assert refusal(answer) == (400, "invalid_option")


def test_job_on_its_way_has_no_fields_yet(acme: Organisation) -> None:
    job, client = make_job(acme), acme.api()
    for answer in (
        client.get(f"{REVIEWS}/{job.pk}"),
        client.post(f"{REVIEWS}/{job.pk}/take"),
        client.post(f"{REVIEWS}/{job.pk}/confirm", {"version": 0}),
        client.get(f"{JOBS}/{job.pk}/fields/total_amount"),
        put(client, job, "total_amount", version=0, raw="1,00"),
    ):
        assert refusal(answer) == (409, "result_not_ready")


def test_page_of_the_job_shows_the_correction(acme: Organisation) -> None:
    from django.test import Client

    job = read_job(acme)
    put(acme.api(), job, "invoice_number", version=0, raw="QX-99")
    put(acme.api(), job, "tax_amount", version=0, value=None)
    browser = Client()
    browser.force_login(acme.owner)
    html = browser.get(f"/jobs/{job.pk}?view=fields").content.decode()
    assert "QX-99" in html
    assert "Not on the document" in html
