"""No text of a key is kept or told anywhere but in the one answer that shows it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import keys
from accounts.models import ApiKey, User
from tests.people import Organisation

KEYS = "/api/v1/keys"
PAGES = "/organisation/keys"


def dump() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = current_schema()"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} AS t")
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def admin_pages(operator: Client) -> str:
    """The admin's list of every model, and the page of every row."""
    found = [operator.get(reverse("admin:index")).content.decode()]
    for app in ("accounts", "jobs"):
        for model in apps.get_app_config(app).get_models():
            if model not in admin.site._registry:
                continue
            name = f"admin:{app}_{model._meta.model_name}"
            found.append(operator.get(reverse(f"{name}_changelist")).content.decode())
            for row in model._default_manager.all()[:50]:
                answer = operator.get(reverse(f"{name}_change", args=[row.pk]))
                found.append(answer.content.decode())
    return "\n".join(found)


def test_no_key_is_in_database_logs_files_and_pages(
    acme: Organisation, client: Client, caplog: pytest.LogCaptureFixture, files: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    api = acme.api()
    shown = [acme.raw_key]

    def used(raw: str) -> int:
        answers = [
            client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {raw}"}),
            client.get("/api/v1/ocr/jobs", headers={"X-API-Key": raw}),
        ]
        assert all(raw not in answer.content.decode() for answer in answers)
        return answers[0].status_code

    made = api.post(KEYS, {"name": "a", "scopes": ["jobs:read"]}).json()
    rotated = api.post(f"{KEYS}/{made['id']}/rotate", {}).json()
    shown += [made["key"], rotated["key"]]
    client.force_login(acme.owner)
    form = {"name": "b", "scopes": ["admin"], "expiry": "never", "networks": "192.0.2.0/24"}
    page = client.post(f"{PAGES}/new", form).content.decode()
    key = ApiKey.objects.get(name="b")
    shown.append("ocrs_" + page.split('value="ocrs_')[1][:36])
    page = client.post(f"{PAGES}/{key.pk}/rotate", {"overlap_hours": "0"}).content.decode()
    shown.append("ocrs_" + page.split('value="ocrs_')[1][:36])
    assert [keys.is_well_formed(raw) for raw in shown] == [True] * 5
    assert [used(raw) for raw in shown] == [200, 200, 200, 401, 403]
    api.delete(f"{KEYS}/{made['id']}")
    assert [used(raw) for raw in shown] == [200, 401, 401, 401, 403]
    unknown = keys.new_key_text()
    assert used(unknown) == 401
    client.get(f"/api/v1/links/{acme.raw_key}")  # at the wrong place

    lists = [KEYS, f"{KEYS}/{key.pk}", "/api/v1/auth/me"]
    told = [api.get(url).content.decode() for url in lists]
    told += [client.get(url).content.decode() for url in (PAGES, f"{PAGES}/{key.pk}")]
    operator = Client()
    operator.force_login(User.objects.create_superuser("op@example.com", "x"))
    kept = {
        "database": dump(),
        "logs": "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records),
        "files": "\n".join(path.read_text("latin-1") for path in files.rglob("*.*")),
        "admin": admin_pages(operator),
        "answers": "\n".join(told),
    }
    assert made["prefix"] in kept["database"], "the dump is one"
    assert made["prefix"] in kept["admin"]
    secret_parts = [raw[keys.PREFIX_LENGTH :] for raw in (*shown, unknown)]
    found = [
        (where, part[:4]) for where, text in kept.items() for part in secret_parts if part in text
    ]
    assert found == []
