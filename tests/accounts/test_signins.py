"""accounts/signins.py and accounts/sessions.py: where people are signed in"""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import signins
from accounts.models import AuditEntry, Session, TokenFamily, User
from tests.people import Organisation
from tests.signing_in import by_api, by_page, me, refresh

PAGE = "/account/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def browser(acme: Organisation, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    by_page(acme.owner.email, client=client)
    return client


def rows(client: Client) -> list[signins.SignIn]:
    found: list[signins.SignIn] = client.get(PAGE).context["sign_ins"]
    return found


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        (FIREFOX.replace("Firefox/", "Chrome/1 Safari/1 Edg/"), "Edge on Linux"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.34.2", "python-requests"),
        ("", "Unknown"),
        ("<script>alert(1)</script>" + "x" * 500, "<script>alert(1)<"),
    ],
)
def test_device_is_told_in_few_words(agent: str, device: str) -> None:
    assert signins.device_of(agent) == device


def test_page_lists_browsers_and_api_sign_ins(acme: Organisation, stranger: Organisation) -> None:
    here = browser(acme)
    browser(acme, SAFARI, "2001:db8::1")
    by_api(acme.owner.email, HTTP_USER_AGENT="curl/8.5.0")
    by_api(stranger.owner.email)
    browser(stranger)
    assert [(r.kind, r.device, r.address, r.organisation, r.current) for r in rows(here)] == [
        ("browser", "Firefox on Linux", "192.0.2.7", "", True),
        ("api", "curl", "127.0.0.1", "Acme", False),
        ("browser", "Safari on iPhone", "2001:db8::1", "", False),
    ]
    text = here.get(PAGE).content.decode()
    assert not any(key in text for key in Session.objects.values_list("pk", flat=True))


def test_what_a_browser_says_it_is_stays_text(acme: Organisation) -> None:
    here = browser(acme, "<script>alert(1)</script>\0")
    text = here.get(PAGE).content.decode()
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_one_session_is_ended(acme: Organisation) -> None:
    here, there, third = browser(acme), browser(acme, SAFARI), browser(acme, "curl/8")
    ended = next(row for row in rows(here) if row.device == "Safari on iPhone")
    answer = here.post(f"{PAGE}/{ended.id}/end")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert there.get(PAGE).status_code == 302
    assert third.get(PAGE).status_code == here.get(PAGE).status_code == 200
    entry = AuditEntry.objects.get(action="session.end")
    assert (entry.user, entry.tenant, entry.after) == (acme.owner, acme.tenant, {"ended": 1})


def test_ended_api_sign_in_is_refused_at_the_next_request(acme: Organisation) -> None:
    here = browser(acme)
    pair, other = by_api(acme.owner.email).json(), by_api(acme.owner.email).json()
    ended = uuid.UUID(hex=TokenFamily.objects.earliest("signed_in_at").pk.hex)
    assert here.post(f"{PAGE}/{ended}/end").status_code == 302

    def works(tokens: dict[str, Any]) -> tuple[int, int]:
        return me(tokens["access"]).status_code, refresh(tokens["refresh"]).status_code

    assert works(pair) == (401, 401)
    assert works(other) == (200, 200)


def test_all_others_are_ended(acme: Organisation, stranger: Organisation) -> None:
    here, there, foreign = browser(acme), browser(acme, SAFARI), browser(stranger)
    token = by_api(acme.owner.email).json()["access"]
    assert here.post(f"{PAGE}/end-others").status_code == 302
    assert there.get(PAGE).status_code == 302
    assert me(token).status_code == 401
    assert [row.current for row in rows(here)] == [True]
    assert foreign.get(PAGE).status_code == 200
    assert AuditEntry.objects.get(action="session.end").after == {"ended": 2}


def test_sessions_of_others_are_missing(acme: Organisation, stranger: Organisation) -> None:
    here, foreign = browser(acme), browser(stranger)
    by_api(stranger.owner.email)
    ids = [row.id for row in rows(foreign)]
    answers = [here.post(f"{PAGE}/{pk}/end") for pk in [*ids, uuid.uuid4()]]
    assert [answer.status_code for answer in answers] == [404] * 3
    bodies = {re.sub(rb'value="\w{64}"', b"", answer.content) for answer in answers}
    assert len(bodies) == 1
    assert len(rows(foreign)) == 2


def test_expired_and_signed_out_sessions_are_not_listed(acme: Organisation) -> None:
    here, gone, old = browser(acme), browser(acme, SAFARI), browser(acme, "curl/8")
    gone.post("/logout")
    key = old.session.session_key
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    by_api(acme.owner.email)
    TokenFamily.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert [row.current for row in rows(here)] == [True]


def test_last_use_is_written_every_few_minutes_alone(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    here = browser(acme)
    key = here.session.session_key
    # the menu's three, whether work is paused, session, person, sessions, families
    with django_assert_num_queries(8):
        here.get(PAGE)
    expires = Session.objects.get(pk=key).expire_date
    long_ago = timezone.now() - timedelta(minutes=6)
    Session.objects.update(last_seen_at=long_ago)
    with django_assert_num_queries(9):
        here.get(PAGE)
    row = Session.objects.get(pk=key)
    assert row.last_seen_at > long_ago
    assert row.expire_date == expires, "being there does not prolong it"
    with django_assert_num_queries(8):
        here.get(PAGE)


def test_refreshing_tokens_is_their_last_use(acme: Organisation) -> None:
    pair = by_api(acme.owner.email).json()
    long_ago = timezone.now() - timedelta(days=1)
    TokenFamily.objects.update(last_seen_at=long_ago, expires_at=long_ago)
    refresh(pair["refresh"])
    family = TokenFamily.objects.get()
    assert family.last_seen_at > long_ago
    assert family.expires_at > timezone.now() + timedelta(days=13)


def test_switched_off_person_is_out_at_the_next_request(acme: Organisation) -> None:
    here, token = browser(acme), by_api(acme.owner.email).json()["access"]
    User.objects.update(is_active=False)
    assert here.get(PAGE).status_code == 302
    assert here.get("/jobs").status_code == 302
    assert me(token).status_code == 401
    assert by_page(acme.owner.email).status_code == 200, "and does not come in again"


def test_sessions_go_with_their_person(acme: Organisation) -> None:
    here = browser(acme)
    by_api(acme.owner.email)
    User.objects.get(pk=acme.owner.pk).delete()
    assert here.get(PAGE).status_code == 302
    assert TokenFamily.objects.count() == Session.objects.filter(user=acme.owner.pk).count() == 0


def test_signing_in_changes_the_sessions_key(acme: Organisation) -> None:
    client = Client()
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before or ""
    by_page(acme.owner.email, client=client)
    assert client.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()
