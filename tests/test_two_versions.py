"""Migrations that two versions live with: the one before reads and writes the newest tables.

A rolling upgrade migrates beneath the old version's processes (docs/operations.md, "Without a
pause"), so a migration only adds; what it takes away goes a version later, when nothing asks for
it any more. `python -m benchmarks.rolling_upgrade` tries it with real processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

OURS = ("accounts", "jobs", "learning")
# Up to the first release: nobody has run an older version
FIRST = {
    "accounts": "0025_organisation",
    "jobs": "0025_pauses",
    "learning": "0002_price_of_training",
}
GONE = (
    migrations.DeleteModel,
    migrations.RemoveField,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def troubles(app: str, operations: Sequence[Operation], before: ProjectState) -> Iterator[str]:
    """What the version before, or its writers meanwhile, would fail at."""
    made = {op.name_lower for op in operations if isinstance(op, migrations.CreateModel)}
    for op in operations:
        if isinstance(op, migrations.SeparateDatabaseAndState):
            yield from troubles(app, op.database_operations, before)
            continue
        told = op.describe()
        if getattr(op, "model_name", "").lower() in made:
            continue
        if isinstance(op, GONE):
            yield f"{told}: the version before still asks for it"
        elif isinstance(op, migrations.AddField):
            if not (op.field.many_to_many or op.field.null or op.field.has_db_default()):
                yield f"{told}: the version before writes no value; give it a db_default"
        elif isinstance(op, migrations.AlterField):
            old = before.models[app, op.model_name_lower].fields[op.name]
            if old.null and not op.field.null:
                yield f"{told}: the version before may write NULL"
        elif isinstance(op, migrations.AddIndex) and not isinstance(op, AddIndexConcurrently):
            yield f"{told}: writers wait until it is built; AddIndexConcurrently does not let them"
        elif isinstance(op, migrations.AddConstraint) and isinstance(
            op.constraint, models.CheckConstraint
        ):
            yield f"{told}: the version before may write what it forbids; AddConstraintNotValid"


def test_two_versions_live_with_every_migration() -> None:
    loader = MigrationLoader(None)
    found = []
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app in OURS and name > FIRST[app]:
            before = loader.project_state((app, name), at_end=False)
            found += [
                f"{app} {name}: {each}" for each in troubles(app, migration.operations, before)
            ]
    assert found == []


COUNT = models.PositiveIntegerField()


@pytest.fixture(scope="module")
def newest() -> ProjectState:
    """The models as the newest migrations leave them."""
    return MigrationLoader(None).project_state()


@pytest.mark.parametrize(
    "bad",
    [
        migrations.RemoveField("Job", "dpi"),
        migrations.RenameField("Job", "dpi", "resolution"),
        migrations.RenameModel("Job", "Run"),
        migrations.DeleteModel("Job"),
        migrations.AddField("Job", "tries", COUNT),
        migrations.AddField("Job", "tries", models.PositiveIntegerField(default=1)),
        migrations.AlterField("Job", "page_count", COUNT),
        migrations.AddIndex("Job", models.Index(fields=["dpi"], name="job_dpi")),
        migrations.AddConstraint(
            "Job", models.CheckConstraint(condition=models.Q(dpi__gt=0), name="dpi_positive")
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RemoveField("Job", "dpi")]
        ),
    ],
)
def test_what_the_version_before_would_fail_at_is_found(
    bad: Operation, newest: ProjectState
) -> None:
    assert list(troubles("jobs", [bad], newest))


@pytest.mark.parametrize(
    "good",
    [
        migrations.AddField("Job", "tries", models.PositiveIntegerField(null=True)),
        migrations.AddField("Job", "tries", models.PositiveIntegerField(db_default=1)),
        AddIndexConcurrently("Job", models.Index(fields=["dpi"], name="job_dpi")),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("Job", "dpi")]
        ),
    ],
)
def test_what_only_adds_is_not(good: Operation, newest: ProjectState) -> None:
    assert list(troubles("jobs", [good], newest)) == []


def test_a_new_table_may_have_what_it_wants(newest: ProjectState) -> None:
    made = migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))])
    added = migrations.AddField("Note", "count", COUNT)
    assert list(troubles("jobs", [made, added], newest)) == []
