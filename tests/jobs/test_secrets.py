"""SECRET_KEY is changed: what was made before goes on under the fallback, and ends with it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.tokens import default_token_generator
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import ApiKey
from jobs import receivers, resealing
from jobs.models import CallbackSecret, Job, Webhook
from jobs.sealing import unseal
from tests.documents import encrypted_pdf
from tests.jobs.hooking import hook
from tests.jobs.making import form_file, make_job, run_job
from tests.people import PASSWORD, Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue", "no_names"),
]
NEW = "the secret key after the change, of fifty characters or more"


class Made:
    """Whatever hangs on SECRET_KEY, made before it was changed."""

    def __init__(self, acme: Organisation) -> None:
        self.acme = acme
        self.session = Client()
        self.session.force_login(acme.owner)
        issued = self.token_for().post(
            "/api/v1/auth/token", {"email": acme.owner.email, "password": PASSWORD}
        )
        self.access, self.refresh = issued.json()["access"], issued.json()["refresh"]
        job = make_job(acme)
        run_job(str(job.pk))
        links = acme.api().post(f"/api/v1/ocr/jobs/{job.pk}/links", {"files": ["original"]})
        self.link = links.json()["links"]["original"]
        self.reset = default_token_generator.make_token(acme.owner)
        self.webhook, self.secret = hook(acme, "https://8.8.8.8/")
        receivers.rotate_callback(actor=acme.actor, address=None)
        self.waiting = make_job(acme, encrypted_pdf("open sesame"), password="open sesame")
        self.once = self.submitted()

    def token_for(self, raw: str = "") -> APIClient:
        client = APIClient(raise_request_exception=True)
        if raw:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
        return client

    def submitted(self) -> Any:
        return self.acme.api().post(
            "/api/v1/ocr/jobs",
            {"file": form_file()},
            format="multipart",
            HTTP_IDEMPOTENCY_KEY="once",
        )

    def statuses(self) -> dict[str, int]:
        """What each is answered now."""
        return {
            "key": self.acme.api().get("/api/v1/auth/me").status_code,
            "access": self.token_for(self.access).get("/api/v1/auth/me").status_code,
            "session": self.session.get("/jobs").status_code,
            "link": Client().get(self.link).status_code,
        }


@pytest.fixture
def made(acme: Organisation) -> Made:
    return Made(acme)


def change(settings: Settings) -> None:
    """As docs/operations.md says."""
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW


def secrets(*options: str) -> tuple[str, int]:
    out, code = StringIO(), 0
    try:
        call_command("secrets", *options, stdout=out)
    except SystemExit as error:
        code = int(str(error.code))
    return out.getvalue(), code


def test_everything_goes_on_under_the_fallback(made: Made, settings: Settings) -> None:
    change(settings)
    assert made.statuses() == {"key": 200, "access": 200, "session": 200, "link": 200}
    assert default_token_generator.check_token(made.acme.owner, made.reset)
    again = made.submitted()
    assert (again.status_code, again.json()["id"]) == (202, made.once.json()["id"])
    assert receivers.live_secrets(made.webhook) == [made.secret]
    run_job(str(made.waiting.pk))
    made.waiting.refresh_from_db()
    assert made.waiting.status == "succeeded"
    pair = APIClient().post("/api/v1/auth/token/refresh", {"refresh": made.refresh})
    assert pair.status_code == 200
    made.access, made.refresh = pair.json()["access"], pair.json()["refresh"]
    # used or sealed anew, it needs the fallback no more
    out, code = secrets("--reseal")
    assert (code, "The fallbacks can be removed." in out) == (0, True)
    settings.SECRET_KEY_FALLBACKS = []
    assert made.statuses() == {"key": 200, "access": 200, "session": 200, "link": 404}
    assert receivers.live_secrets(Webhook.objects.get()) == [made.secret]
    assert not default_token_generator.check_token(made.acme.owner, made.reset)
    pair = APIClient().post("/api/v1/auth/token/refresh", {"refresh": made.refresh})
    assert pair.status_code == 200


def test_everything_is_refused_without_the_fallback(made: Made, settings: Settings) -> None:
    settings.SECRET_KEY = NEW
    assert made.statuses() == {"key": 401, "access": 401, "session": 302, "link": 404}
    assert not default_token_generator.check_token(made.acme.owner, made.reset)
    for route in ("refresh", "revoke"):
        answer = APIClient().post(f"/api/v1/auth/token/{route}", {"refresh": made.refresh})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    run_job(str(made.waiting.pk))
    made.waiting.refresh_from_db()
    assert made.waiting.error is not None
    assert (made.waiting.status, made.waiting.error["code"]) == ("failed", "internal_error")
    # people sign in anew and go on; a webhook's secret is made anew
    issued = APIClient().post(
        "/api/v1/auth/token", {"email": made.acme.owner.email, "password": PASSWORD}
    )
    api = made.token_for(issued.json()["access"])
    assert api.get("/api/v1/webhooks").status_code == 200
    rotated = api.post(f"/api/v1/webhooks/{made.webhook.pk}/rotate")
    assert rotated.status_code == 200
    assert receivers.live_secrets(Webhook.objects.get()) == [rotated.json()["secret"]]
    assert secrets()[0].splitlines()[:2] == [
        "jobs.webhook.sealed_secret: 1 current, 0 older, 0 lost",
        "jobs.webhook.sealed_old_secret: 0 current, 0 older, 1 lost",
    ]


def test_every_sealed_column_is_looked_at() -> None:
    columns = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if field.name.startswith("sealed")
    }
    assert set(resealing.SEALED) == columns


def test_command_tells_what_waits_for_which_fallback(made: Made, settings: Settings) -> None:
    assert secrets() == (
        "jobs.webhook.sealed_secret: 1 current, 0 older, 0 lost\n"
        "jobs.webhook.sealed_old_secret: 0 current, 0 older, 0 lost\n"
        "jobs.callbacksecret.sealed_secret: 1 current, 0 older, 0 lost\n"
        "jobs.callbacksecret.sealed_old_secret: 1 current, 0 older, 0 lost\n"
        "jobs.job.sealed_password: 1 current, 0 older, 0 lost\n"
        "mfa.authenticator.secret: 0 current, 0 older, 0 lost\n"
        "mfa.authenticator.seed: 0 current, 0 older, 0 lost\n"
        "API keys: 1 current, 0 older, 0 not known, 0 lost\n"
        "The fallbacks can be removed.\n",
        0,
    )
    ApiKey.objects.update(pepper="")  # from before it was noted
    change(settings)
    out, code = secrets()
    assert code == 1
    assert "jobs.webhook.sealed_secret: 0 current, 1 older, 0 lost" in out
    assert "jobs.job.sealed_password: 0 current, 1 older, 0 lost" in out
    assert "API keys: 0 current, 0 older, 1 not known, 0 lost" in out
    out, code = secrets("--reseal")
    assert code == 1  # for the key, which must be used
    assert "jobs.webhook.sealed_secret: 1 current, 0 older, 0 lost" in out
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(Webhook.objects.get().sealed_secret) == made.secret
    assert unseal(Job.objects.get(pk=made.waiting.pk).sealed_password) == "open sesame"
    assert unseal(CallbackSecret.objects.get().sealed_secret).startswith("whsec_")


def test_every_sealed_column_is_known_to_the_command() -> None:
    from django.apps import apps

    from jobs.resealing import SEALED

    columns = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if field.name.startswith("sealed_")
    }
    assert columns == set(SEALED)


@pytest.mark.django_db
def test_second_factors_are_sealed_anew(acme: Organisation, settings: Settings) -> None:
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.models import Authenticator

    from jobs.resealing import Sealed, look

    row = Authenticator.objects.create(
        user=acme.owner,
        type=Authenticator.Type.TOTP,
        data={"secret": get_adapter().encrypt("JBSWY3DPEHPK3PXP")},
    )
    old, settings.SECRET_KEY = (
        settings.SECRET_KEY,
        "another key for tests, fifty characters in length",
    )
    settings.SECRET_KEY_FALLBACKS = [old]
    name = "mfa.authenticator.secret"
    assert Sealed(name, 0, 1, 0) in look()
    assert Sealed(name, 1, 0, 0) in look(reseal=True)
    settings.SECRET_KEY_FALLBACKS = []
    row.refresh_from_db()
    assert get_adapter().decrypt(row.data["secret"]) == "JBSWY3DPEHPK3PXP"
    settings.SECRET_KEY = "a third key for tests, also fifty characters in length"
    assert Sealed(name, 0, 0, 1) in look(reseal=True)
