"""accounts/key_api.py"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.keys import create_api_key
from accounts.models import ApiKey, AuditEntry
from tests.people import Organisation

URL = "/api/v1/keys"
ME = "/api/v1/auth/me"


def make(acme: Organisation, **terms: Any) -> Any:
    """The answer to making a key with these terms."""
    return acme.api().post(URL, {"name": "import", "scopes": ["jobs:read"], **terms})


def test_key_is_made_and_its_text_shown_this_once(acme: Organisation) -> None:
    soon = timezone.now() + timedelta(days=1)
    answer = make(acme, networks=["127.0.0.1"], expires_at=soon.isoformat())
    body = answer.json()
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"{URL}/{body['id']}")
    assert answer["Cache-Control"] == "no-store"
    raw = body.pop("key")
    key = ApiKey.objects.get(pk=body["id"])
    assert (key.tenant, key.name, key.scopes) == (acme.tenant, "import", ["jobs:read"])
    assert (key.networks, key.expires_at, key.created_by) == (["127.0.0.1/32"], soon, None)
    shown = acme.api().get(f"{URL}/{key.pk}")
    assert shown.json() == body
    assert raw[12:] not in shown.content.decode()
    client = acme.api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    assert client.get(ME).json()["permissions"] == ["jobs:read"]
    assert AuditEntry.objects.get(action="key.create", object_id=key.pk).api_key_id == acme.key.pk


def test_name_is_kept_without_what_is_not_seen(acme: Organisation) -> None:
    body = make(acme, name=" im\u202eport\u200b\n2 ").json()
    assert body["name"] == "import 2"
    changed = acme.api().patch(f"{URL}/{body['id']}", {"name": "ex\u200bport"}).json()
    assert changed["name"] == ApiKey.objects.get(pk=body["id"]).name == "export"


def test_list_by_status_has_each_key_once(acme: Organisation) -> None:
    past = timezone.now() - timedelta(seconds=1)
    keys = {name: make(acme, name=name).json()["id"] for name in ("live", "expired", "revoked")}
    ApiKey.objects.filter(pk=keys["expired"]).update(expires_at=past)
    ApiKey.objects.filter(pk=keys["revoked"]).update(expires_at=past, revoked_at=past)
    for status in keys:
        rows = acme.api().get(f"{URL}?status={status}").json()["results"]
        assert [row["name"] for row in rows if row["name"] != "first"] == [status]


def test_key_without_networks_and_expiry_has_no_bound(acme: Organisation) -> None:
    body = make(acme).json()
    assert (body["networks"], body["expires_at"], body["status"]) == ([], None, "live")
    assert (body["last_used_at"], body["last_used_from"], body["rotation"]) == (None, None, None)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "\u0958" * 51}, "name"),  # two characters each, once clean
        ({"name": "\u200b\u202e"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["jobs:everything"]}, "scopes"),
        ({"scopes": "jobs:read"}, "scopes"),
        ({"networks": ["acme"]}, "networks"),
        ({"networks": ["10.0.0.1/8"]}, "networks"),
        ({"networks": ["10.0.0.0/8"] * 51}, "networks"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
    ],
)
def test_terms_that_are_wrong_are_told_by_field(
    acme: Organisation, terms: dict[str, Any], field: str
) -> None:
    answer = make(acme, **terms)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert list(answer.json()["errors"]) == [field]
    assert ApiKey.objects.count() == 1
    changed = acme.api().patch(f"{URL}/{acme.key.pk}", terms)
    assert (changed.status_code, list(changed.json()["errors"])) == (400, [field])
    assert ApiKey.objects.filter(pk=acme.key.pk, name="first", networks=[]).exists()


def test_what_the_site_keeps_cannot_be_sent(acme: Organisation, stranger: Organisation) -> None:
    sent = {
        "tenant": str(stranger.tenant.pk),
        "hash": "x",
        "prefix": "ocrs_aaaaaaa",
        "created_by": str(stranger.owner.pk),
        "revoked_at": None,
        "last_used_at": "2020-01-01T00:00:00Z",
    }
    key = ApiKey.objects.get(pk=make(acme, **sent).json()["id"])
    assert (key.tenant, key.created_by, key.last_used_at) == (acme.tenant, None, None)
    assert key.prefix != "ocrs_aaaaaaa"
    assert len(key.hash) == 64
    acme.api().patch(f"{URL}/{key.pk}", sent)
    assert ApiKey.objects.get(pk=key.pk).tenant == acme.tenant


def test_key_with_fewer_rights_gives_no_more(acme: Organisation) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    _, raw = create_api_key(
        tenant=acme.tenant, name="a", scopes=["admin"], created_by=None, expires_at=tomorrow
    )
    client = acme.api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    answer = client.post(URL, {"name": "x", "scopes": ["admin"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "longer than yours" in answer.json()["detail"]
    rotated = client.post(f"{URL}/{acme.key.pk}/rotate", {})
    assert (rotated.status_code, "key" in rotated.json()) == (403, False)
    assert ApiKey.objects.count() == 2


def test_key_without_the_admin_scope_manages_none(acme: Organisation) -> None:
    client = acme.api("jobs:read", "jobs:write", "templates:write", "webhooks:write", "usage:read")
    assert client.get(URL).status_code == 403
    assert client.post(URL, {"name": "x", "scopes": ["jobs:read"]}).status_code == 403
    assert client.delete(f"{URL}/{acme.key.pk}").status_code == 403
    assert ApiKey.objects.filter(revoked_at=None).count() == 2


def test_key_is_changed(acme: Organisation) -> None:
    made = make(acme).json()
    answer = acme.api().patch(f"{URL}/{made['id']}", {"name": "new", "networks": ["10.0.0.0/8"]})
    assert answer.status_code == 200
    assert answer.json() == {
        **{name: value for name, value in made.items() if name != "key"},
        "name": "new",
        "networks": ["10.0.0.0/8"],
    }


def test_key_is_rotated_and_the_overlap_ended(acme: Organisation) -> None:
    made = make(acme).json()
    answer = acme.api().post(f"{URL}/{made['id']}/rotate", {"overlap_hours": 2})
    body = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert body["key"] != made["key"]
    assert body["prefix"] == body["key"][:12]
    assert body["rotation"]["prefix"] == made["prefix"]
    assert body["rotation"]["last_used_at"] is None
    client = acme.api()
    for raw in (made["key"], body["key"]):
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
        assert client.get(ME).json()["api_key"]["id"] == made["id"]
    assert acme.api().get(f"{URL}/{made['id']}").json()["rotation"]["last_used_at"] is not None
    assert acme.api().delete(f"{URL}/{made['id']}/rotate").json()["rotation"] is None
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made['key']}")
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize("hours", [-1, 169, "x", None])
def test_overlap_is_at_most_a_week(acme: Organisation, hours: Any) -> None:
    answer = acme.api().post(f"{URL}/{acme.key.pk}/rotate", {"overlap_hours": hours})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["overlap_hours"])
    assert ApiKey.objects.get(pk=acme.key.pk).prefix == acme.key.prefix


def test_revoked_key_stays_in_the_list_and_cannot_be_changed(acme: Organisation) -> None:
    made = make(acme).json()
    url = f"{URL}/{made['id']}"
    assert acme.api().delete(url).status_code == 204
    assert acme.api().delete(url).status_code == 204
    assert AuditEntry.objects.filter(action="key.revoke").count() == 1
    assert acme.api().get(url).json()["status"] == "revoked"
    for answer in (acme.api().patch(url, {"name": "x"}), acme.api().post(f"{url}/rotate", {})):
        assert (answer.status_code, answer.json()["code"]) == (409, "key_not_live")


def test_keys_are_listed_by_status_newest_first(acme: Organisation, stranger: Organisation) -> None:
    live, gone, over = (make(acme, name=name).json()["id"] for name in ("live", "gone", "over"))
    acme.api().delete(f"{URL}/{gone}")
    ApiKey.objects.filter(pk=over).update(expires_at=timezone.now())

    def listed(**query: str) -> list[str]:
        return [row["id"] for row in acme.api().get(URL, query).json()["results"]]

    assert listed() == [over, gone, live, str(acme.key.pk)]
    assert listed(status="live") == [live, str(acme.key.pk)]
    assert listed(status="revoked") == [gone]
    assert listed(status="expired") == [over]
    assert acme.api().get(URL, {"status": "x"}).json()["errors"].keys() == {"status"}


def test_list_keeps_its_number_of_queries(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = acme.api()
    client.get(URL)
    for number in range(30):
        create_api_key(
            tenant=acme.tenant, name=str(number), scopes=["admin"], created_by=acme.owner
        )
    with django_assert_num_queries(2):  # the caller's key, the list
        assert len(client.get(URL).json()["results"]) == 31
