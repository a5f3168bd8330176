"""accounts/second_factor.py: codes and recovery codes, by pages and API"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts import clock, second_factor
from accounts.models import AuditEntry, Tenant, TokenFamily, User
from accounts.permissions import Role
from accounts.signin_errors import CodeWrong
from tests.people import PASSWORD, Organisation, organisation
from tests.signing_in import App, by_api, by_page, me, signed_in_long_ago

CODE = "/login/code"
PAGE = "/account/second-factor"


def is_signed_in(client: Client) -> bool:
    return client.get("/account/sessions").status_code == 200


def half_in(acme: Organisation) -> Client:
    """A browser that has given the password."""
    client = Client()
    answer = by_page(acme.owner.email, client=client)
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    return client


@pytest.fixture
def app(acme: Organisation) -> App:
    return App(acme.owner)


def test_page_asks_for_a_code_and_lets_in_by_it(acme: Organisation, app: App) -> None:
    client = half_in(acme)
    assert not is_signed_in(client)
    assert client.get("/jobs").status_code == 302, "half signed in is not signed in"
    answer = client.post(CODE, {"code": app.code()})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)
    assert AuditEntry.objects.filter(action="session.login").count() == 1


def test_page_goes_on_to_where_one_came_for_but_to_no_other_site(
    acme: Organisation, app: App
) -> None:
    for wanted, reached in (
        ("/organisation?x=1", "/organisation?x=1"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
    ):
        client = Client()
        form = {"username": acme.owner.email, "password": PASSWORD, "next": wanted}
        assert client.post("/login", form)["Location"] == CODE
        app.counter = int(time.time()) // 30 + 1
        Authenticator.objects.filter(type="totp").update(
            data={**Authenticator.objects.get(type="totp").data, "last_counter": 0}
        )
        assert client.post(CODE, {"code": app.code()})["Location"] == reached


def test_code_page_is_closed_to_who_has_not_given_the_password(
    acme: Organisation, app: App
) -> None:
    client = Client()
    for answer in (client.get(CODE), client.post(CODE, {"code": app.code()})):
        assert (answer.status_code, answer["Location"]) == (302, "/login")
    assert not is_signed_in(client)


def test_wrong_code_is_said_and_counted(acme: Organisation, app: App) -> None:
    client = half_in(acme)
    answers = [client.post(CODE, {"code": app.wrong()}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [400] * 4 + [429]
    assert "This code is wrong" in answers[0].content.decode()
    assert client.post(CODE, {"code": app.code()}).status_code == 429, "locked from here"
    assert by_page(acme.owner.email).status_code == 429
    assert not is_signed_in(client)
    entry = AuditEntry.objects.filter(action="login.fail").latest("id")
    assert (entry.actor, entry.after) == (acme.owner.email, {"factor": "code"})


def test_right_password_alone_forgets_no_failure(acme: Organisation, app: App) -> None:
    for _ in range(2):
        client = half_in(acme)
        for _ in range(2):
            client.post(CODE, {"code": app.wrong()})
    assert half_in(acme).post(CODE, {"code": app.wrong()}).status_code == 429


def test_code_serves_once(acme: Organisation, app: App) -> None:
    code = app.code()
    assert half_in(acme).post(CODE, {"code": code}).status_code == 302
    again = half_in(acme)
    assert again.post(CODE, {"code": code}).status_code == 400
    assert not is_signed_in(again)
    assert by_api(acme.owner.email, otp=code).json()["code"] == "otp_wrong"


def test_older_code_than_the_last_is_refused(acme: Organisation, app: App) -> None:
    now = int(time.time()) // 30
    assert by_api(acme.owner.email, otp=app.code(now + 1)).status_code == 200
    assert by_api(acme.owner.email, otp=app.code(now)).status_code == 401


@pytest.mark.parametrize("steps", [-3, 3])
def test_code_of_another_time_is_refused(acme: Organisation, app: App, steps: int) -> None:
    code = app.code(int(time.time()) // 30 + steps)
    assert by_api(acme.owner.email, otp=code).json()["code"] == "otp_wrong"


def test_recovery_code_serves_once(acme: Organisation, app: App) -> None:
    first, second = app.recovery[0], app.recovery[1]
    assert half_in(acme).post(CODE, {"code": f"{first[:4]} {first[4:]}"}).status_code == 302
    assert half_in(acme).post(CODE, {"code": first}).status_code == 400
    assert by_api(acme.owner.email, otp=second).status_code == 200
    assert second_factor.recovery_codes_left(acme.owner) == 8


def test_api_does_not_get_around_the_code(acme: Organisation, app: App) -> None:
    answer = by_api(acme.owner.email)
    assert (answer.status_code, answer.json()["code"]) == (401, "otp_required")
    assert answer["WWW-Authenticate"]
    answer = by_api(acme.owner.email, otp=app.wrong())
    assert (answer.status_code, answer.json()["code"]) == (401, "otp_wrong")
    assert TokenFamily.objects.count() == 0
    answer = by_api(acme.owner.email, otp=app.code())
    assert (answer.status_code, "access" in answer.json()) == (200, True)


def test_api_says_nothing_of_codes_to_a_wrong_password(acme: Organisation, app: App) -> None:
    for otp in (None, app.wrong(), app.recovery[0]):
        answer = by_api(acme.owner.email, "wrong", otp=otp)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert second_factor.recovery_codes_left(acme.owner) == 10


def test_wrong_codes_are_counted_over_all_addresses(acme: Organisation, app: App) -> None:
    codes = [
        by_api(acme.owner.email, otp=app.wrong(), REMOTE_ADDR=f"192.0.2.{n}") for n in range(10)
    ]
    assert {answer.status_code for answer in codes} == {401}
    locked = by_api(acme.owner.email, otp=app.code(), REMOTE_ADDR="192.0.2.99")
    assert (locked.status_code, locked.json()["code"]) == (429, "login_locked")
    assert 895 <= int(locked["Retry-After"]) <= 901
    row = Authenticator.objects.get(type="totp")
    row.data["wrong_at"] = (clock.now() - timedelta(minutes=15, seconds=1)).isoformat()
    row.save()
    assert by_api(acme.owner.email, otp=app.code(), REMOTE_ADDR="192.0.2.99").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_parallel_uses_of_one_code_one_wins() -> None:
    acme = organisation("acme")
    app = App(acme.owner)
    code, recovery = app.code(), app.recovery[0]

    def use(given: str) -> bool:
        try:
            second_factor.verify(acme.owner, given)
        except CodeWrong:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        for given in (code, recovery):
            assert sorted(pool.map(use, [given] * 8)) == [False] * 7 + [True]


def test_secrets_are_encrypted_at_rest(acme: Organisation, app: App) -> None:
    kept = str([row.data for row in Authenticator.objects.all()])
    assert app.secret not in kept
    assert "gAAAA" in kept
    assert not any(code in kept for code in app.recovery)


def test_secrets_go_on_while_their_key_is_a_fallback(
    acme: Organisation, app: App, settings: Settings
) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key of fifty or more characters " * 2
    for code in (app.code(), app.recovery[0]):
        answer = by_api(acme.owner.email, otp=code)
        assert (answer.status_code, answer.json()["code"]) == (401, "otp_wrong"), "no 500"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert by_api(acme.owner.email, otp=app.code()).status_code == 200
    assert by_api(acme.owner.email, otp=app.recovery[0]).status_code == 200


def test_operator_signs_in_to_the_admin_by_code_too(acme: Organisation, app: App) -> None:
    User.objects.update(is_staff=True, is_superuser=True)
    client = Client()
    form = {"username": acme.owner.email, "password": PASSWORD}
    client.post("/admin/login/", form)
    assert client.get("/admin/").status_code == 302, "the admin's own form lets nobody in"
    client.post("/login?next=/admin/", form)
    assert client.get("/admin/").status_code == 302
    assert client.post(CODE, {"code": app.code()})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_member_who_is_no_operator_is_told_so(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    assert client.get("/admin/login/?next=/admin/").status_code == 403


def set_up(client: Client, **more: Any) -> Any:
    """The answer to the page's form, with the code that fits the secret it shows."""
    secret = client.get(PAGE).context["shown"].secret
    code = App.code(type("Shown", (), {"secret": secret})(), int(time.time()) // 30)
    return client.post(PAGE, {"password": PASSWORD, "code": code, **more})


def test_setting_up_shows_a_picture_and_then_recovery_codes(
    client: Client, acme: Organisation
) -> None:
    client.force_login(acme.owner)
    page = client.get(PAGE)
    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    assert "img-src 'self' data:" in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]
    assert page.context["shown"].secret == client.get(PAGE).context["shown"].secret
    answer = set_up(client)
    assert (answer.status_code, len(answer.context["codes"])) == (200, 10)
    assert "no-store" in answer["Cache-Control"]
    assert second_factor.is_on(acme.owner)
    assert "second_factor_secret" not in client.session
    assert by_api(acme.owner.email).json()["code"] == "otp_required"
    assert by_api(acme.owner.email, otp=answer.context["codes"][3]).status_code == 200
    entry = AuditEntry.objects.get(action="second_factor.on")
    assert (entry.user, entry.tenant, entry.address) == (acme.owner, acme.tenant, "127.0.0.1")


@pytest.mark.parametrize(
    ("form", "wrong"),
    [({"code": "000000"}, "code"), ({"password": "wrong"}, "password"), ({"code": ""}, "code")],
)
def test_setting_up_needs_the_password_and_the_apps_code(
    client: Client, acme: Organisation, form: dict[str, str], wrong: str
) -> None:
    client.force_login(acme.owner)
    answer = set_up(client, **form)
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {wrong})
    assert not second_factor.is_on(acme.owner)


def test_secret_lies_in_the_session_encrypted(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    secret = client.get(PAGE).context["shown"].secret
    assert secret not in str(dict(client.session))
    assert second_factor.opened(client.session["second_factor_secret"]) == secret


def test_secret_under_a_lost_key_makes_way_for_a_new_one(
    client: Client, acme: Organisation
) -> None:
    client.force_login(acme.owner)
    session = client.session
    session["second_factor_secret"] = "gAAAA"
    session.save()
    assert client.get(PAGE).context["shown"].secret
    assert set_up(client).status_code == 200


def test_who_has_no_password_sets_it_up_just_after_signing_in(
    client: Client, acme: Organisation
) -> None:
    acme.owner.set_unusable_password()
    acme.owner.save()
    client.force_login(acme.owner)
    signed_in_long_ago(client)
    refused = set_up(client)
    assert refused.status_code == 400
    assert "sign out and in again" in refused.content.decode()
    assert not second_factor.is_on(acme.owner)
    client.force_login(acme.owner)
    assert set_up(client).status_code == 200


def test_form_that_asks_for_nothing_uses_up_no_recovery_code(
    client: Client, acme: Organisation, app: App
) -> None:
    client.force_login(acme.owner)
    for action in ("", "on"):
        refused = client.post(PAGE, {"action": action, "code": app.recovery[0]})
        assert list(refused.context["form"].errors) == ["action"]
    assert second_factor.recovery_codes_left(acme.owner) == 10


def test_code_that_set_it_up_does_not_sign_in(client: Client, acme: Organisation) -> None:
    client.force_login(acme.owner)
    secret = client.get(PAGE).context["shown"].secret
    code = App.code(type("Shown", (), {"secret": secret})(), int(time.time()) // 30)
    client.post(PAGE, {"password": PASSWORD, "code": code})
    assert by_api(acme.owner.email, otp=code).json()["code"] == "otp_wrong"


def test_switching_off_and_new_recovery_codes_need_a_code(
    client: Client, acme: Organisation, app: App
) -> None:
    client.force_login(acme.owner)
    assert "<strong>10</strong> are left" in client.get(PAGE).content.decode()
    for action in ("off", "renew"):
        assert client.post(PAGE, {"action": action, "code": app.wrong()}).status_code == 400
    renewed = client.post(PAGE, {"action": "renew", "code": app.recovery[0]}).context["codes"]
    assert set(renewed).isdisjoint(app.recovery)
    assert client.post(PAGE, {"action": "off", "code": app.recovery[1]}).status_code == 400
    assert second_factor.is_on(acme.owner)
    answer = client.post(PAGE, {"action": "off", "code": renewed[0]})
    assert (answer.status_code, second_factor.is_on(acme.owner)) == (302, False)
    assert Authenticator.objects.count() == 0
    assert by_api(acme.owner.email).status_code == 200
    actions = AuditEntry.objects.filter(action__startswith="second_factor.").order_by("id")
    assert [row.action for row in actions] == [
        "second_factor.on",
        "second_factor.recovery_codes",
        "second_factor.off",
    ]


def test_operator_switches_it_off_for_who_lost_their_phone(acme: Organisation, app: App) -> None:
    operator = User.objects.create_superuser("op@example.com", PASSWORD)
    client = Client()
    client.force_login(operator)
    form = {"action": "switch_second_factor_off", "_selected_action": [str(acme.owner.pk)]}
    client.post("/admin/accounts/user/", form)
    assert not second_factor.is_on(acme.owner)
    entry = AuditEntry.objects.get(action="second_factor.off")
    assert (entry.user, entry.object_id) == (operator, str(acme.owner.pk))


def test_organisation_asks_its_members_for_one(client: Client, acme: Organisation) -> None:
    token = by_api(acme.owner.email).json()["access"]
    client.force_login(acme.owner)
    form = {"name": "Acme", "retention_hours": "", "require_second_factor": "on"}
    client.post("/organisation", form)
    entry = AuditEntry.objects.get(action="settings.change")
    assert entry.after == {"require_second_factor": True}
    for page in ("/jobs", "/organisation"):
        answer = client.get(page)
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "asks its members for a second factor" in client.get(PAGE).content.decode()
    refused = [
        by_api(acme.owner.email),
        me(token),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
    assert acme.api().get("/api/v1/ocr/jobs").status_code == 200, "keys go on"
    set_up(client)
    assert client.get("/jobs").status_code == 200
    answer = me(token)
    assert answer.status_code == 200


def test_other_organisations_of_a_person_ask_nothing(
    client: Client, acme: Organisation, stranger: Organisation
) -> None:
    from accounts.models import Membership

    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.VIEWER)
    Tenant.objects.filter(pk=stranger.tenant.pk).update(require_second_factor=True)
    client.force_login(acme.owner)
    assert client.get("/jobs").status_code == 200
    client.post("/switch-tenant", {"tenant": str(stranger.tenant.pk)})
    assert client.get("/jobs")["Location"] == PAGE
    client.post("/switch-tenant", {"tenant": str(acme.tenant.pk)})
    assert client.get("/jobs").status_code == 200, "one can go back"
