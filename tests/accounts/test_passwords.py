"""accounts/passwords.py: passwords changed, and reset by e-mail"""

import queue
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import passwords, request_ids
from accounts.models import AuditEntry, Session, TokenFamily, User
from tests.people import PASSWORD, Organisation
from tests.signing_in import App, by_api, by_page, me, refresh

NEW = "another battery staple"
IN_BACKGROUND = passwords._in_background  # the tests' own calls at once
PAGE = "/account/password"
RESET = "/password-reset"


@pytest.fixture(autouse=True)
def _mails(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_URL = "smtp://mail.example"
    settings.SITE_URL = "https://ocr.example/"
    monkeypatch.setattr(passwords, "_in_background", lambda work: work())


def changed(current: str = PASSWORD, new: str = NEW, again: str = "") -> dict[str, str]:
    return {"current": current, "new_password1": new, "new_password2": again or new}


def link_in_mail() -> str:
    found = re.search(r"https://ocr\.example(/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def opened(client: Client, link: str) -> str:
    """Where Django shows the form: the token has left the address."""
    answer = client.get(link)
    return str(answer["Location"]) if answer.status_code == 302 else link


def test_change_ends_all_but_this_session(acme: Organisation) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        by_page(acme.owner.email, client=client)
    pair = by_api(acme.owner.email).json()
    answer = here.post(PAGE, changed())
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert here.get(PAGE).status_code == 200
    assert there.get(PAGE).status_code == 302
    assert (me(pair["access"]).status_code, refresh(pair["refresh"]).status_code) == (401, 401)
    assert Session.objects.filter(user=acme.owner).count() == 1
    assert TokenFamily.objects.filter(ended_at=None).count() == 0
    assert by_page(acme.owner.email, NEW).status_code == 302
    entry = AuditEntry.objects.get(action="password.change")
    assert (entry.user, entry.tenant, entry.after) == (acme.owner, acme.tenant, None)


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        (changed(current="wrong"), "current"),
        (changed(new="short1!"), "new_password2"),
        (changed(new="password123"), "new_password2"),
        (changed(new="owner@acme.example"), "new_password2"),
        (changed(again="something else"), "new_password2"),
    ],
)
def test_change_is_refused_beside_the_field(
    client: Client, acme: Organisation, form: dict[str, str], wrong: str
) -> None:
    client.force_login(acme.owner)
    answer = client.post(PAGE, form)
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {wrong})
    assert by_page(acme.owner.email).status_code == 302


def test_guessing_the_current_password_is_throttled(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    answers = [client.post(PAGE, changed(current="wrong")).status_code for _ in range(6)]
    assert answers == [400] * 4 + [429] * 2
    assert client.post(PAGE, changed()).status_code == 429
    assert User.objects.get(pk=acme.owner.pk).check_password(PASSWORD)


def test_person_without_a_password_is_offered_a_link(client: Client, acme: Organisation) -> None:
    acme.owner.set_unusable_password()
    acme.owner.save(update_fields=["password"])
    client.force_login(acme.owner)
    assert "You have no password" in client.get(PAGE).content.decode()
    assert client.post(PAGE, changed(current="")).status_code == 400


def test_reset_by_the_link_ends_all_sessions_and_serves_once(acme: Organisation) -> None:
    old = Client()
    by_page(acme.owner.email, client=old)
    pair = by_api(acme.owner.email).json()
    client = Client()
    answer = client.post(RESET, {"email": "Owner@ACME.example"}, HTTP_HOST="localhost")
    assert (answer.status_code, len(mail.outbox)) == (200, 1)
    assert mail.outbox[0].to == ["owner@acme.example"]
    link = link_in_mail()
    form = opened(client, link)
    assert form.endswith("/set-password"), "the token is not in the address any more"
    answer = client.post(form, {"new_password1": NEW, "new_password2": NEW})
    assert (answer.status_code, answer["Location"]) == (302, "/login")
    assert "_auth_user_id" not in client.session, "the link signs nobody in"
    assert old.get(PAGE).status_code == 302
    assert refresh(pair["refresh"]).status_code == 401
    assert by_page(acme.owner.email).status_code == 200, "the old one is wrong now"
    assert by_page(acme.owner.email, NEW).status_code == 302
    again = Client().get(link)
    assert "no longer works" in again.content.decode()
    actions = AuditEntry.objects.filter(action__startswith="password.").order_by("id")
    assert [row.action for row in actions] == ["password.link", "password.reset"]
    assert not any(link.split("/")[-1] in str(row.after) for row in actions)


def test_reset_answers_alike_whoever_asks(acme: Organisation) -> None:
    answers = [
        Client().post(RESET, {"email": email}) for email in (acme.owner.email, "no@acme.example")
    ]
    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].content == answers[1].content
    assert len(mail.outbox) == 1


def test_the_work_of_a_reset_is_not_done_by_the_request(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(passwords, "_in_background", later.append)
    Client().post(RESET, {"email": acme.owner.email})
    assert (len(later), mail.outbox) == (1, [])
    assert not AuditEntry.objects.filter(action="password.link").exists()
    later[0]()
    assert len(mail.outbox) == 1


def test_a_second_link_waits(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        Client().post(RESET, {"email": acme.owner.email})
    assert len(mail.outbox) == 1
    later = timezone.now() + timedelta(minutes=6)
    monkeypatch.setattr("accounts.passwords.clock.now", lambda: later)
    Client().post(RESET, {"email": acme.owner.email})
    assert len(mail.outbox) == 2


def test_inactive_people_get_no_link(acme: Organisation) -> None:
    User.objects.update(is_active=False)
    Client().post(RESET, {"email": acme.owner.email})
    assert mail.outbox == []


def test_link_ends_with_its_time_and_with_the_next_sign_in(
    acme: Organisation, settings: Settings
) -> None:
    Client().post(RESET, {"email": acme.owner.email})
    link = link_in_mail()
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "no longer works" in Client().get(link).content.decode()
    settings.PASSWORD_RESET_TIMEOUT = 3600
    assert Client().get(link).status_code == 302
    by_page(acme.owner.email)
    assert "no longer works" in Client().get(link).content.decode()


@pytest.mark.parametrize("link", ["/password-reset/MQ/x-y", "/password-reset/%00/%00-1"])
def test_link_that_is_none_says_so(db: None, link: str) -> None:
    answer = Client().get(link)
    assert (answer.status_code, "no longer works" in answer.content.decode()) == (200, True)


def test_reset_refuses_weak_passwords(acme: Organisation) -> None:
    client = Client()
    client.post(RESET, {"email": acme.owner.email})
    form = opened(client, link_in_mail())
    answer = client.post(form, {"new_password1": "12345678", "new_password2": "12345678"})
    assert "new_password2" in answer.context["form"].errors
    assert by_page(acme.owner.email).status_code == 302


def test_reset_leaves_the_second_factor_on(acme: Organisation) -> None:
    App(acme.owner)
    client = Client()
    client.post(RESET, {"email": acme.owner.email})
    form = opened(client, link_in_mail())
    client.post(form, {"new_password1": NEW, "new_password2": NEW})
    assert by_page(acme.owner.email, NEW)["Location"] == "/login/code"


def test_reset_is_limited_by_address(acme: Organisation, settings: Settings) -> None:
    from accounts.rates import Rates

    settings.RATES = {**settings.RATES, "token": Rates(2, 100, 100, 100)}
    statuses = [
        Client().post(RESET, {"email": "no@acme.example"}, REMOTE_ADDR="203.0.113.77").status_code
        for _ in range(3)
    ]
    assert statuses == [200, 200, 429]


def test_site_that_sends_no_mail_says_so(acme: Organisation, settings: Settings) -> None:
    assert "Forgot your password?" in Client().get("/login").content.decode()
    settings.EMAIL_URL = ""
    assert "Forgot your password?" not in Client().get("/login").content.decode()
    assert "sends no e-mail" in Client().get(RESET).content.decode()
    asked = Client().post(RESET, {"email": acme.owner.email})
    assert asked.status_code == 404
    assert "sends no e-mail" in asked.content.decode()
    assert not AuditEntry.objects.filter(action="password.link").exists()


def test_thread_that_sends_the_link_works_for_the_same_call() -> None:
    told: queue.Queue[str | None] = queue.Queue()
    with request_ids.named("this-call"):
        IN_BACKGROUND(lambda: told.put(request_ids.current()))
    assert told.get(timeout=10) == "this-call"


def test_link_is_of_this_site_whatever_host_is_named(
    acme: Organisation, settings: Settings
) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://ocr.example", ["*"]
    form = {"email": acme.owner.email}
    Client().post(RESET, form, HTTP_HOST="evil.example")
    assert link_in_mail().startswith("/password-reset/")
    assert "https://ocr.example/password-reset/" in mail.outbox[0].body
    assert "evil" not in mail.outbox[0].body
