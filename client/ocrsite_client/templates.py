"""Templates: written, tried on documents, taught by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from ocrsite_client.calls import Steps, operation
from ocrsite_client.core import Core
from ocrsite_client.models import Job


class TemplateCalls(Core):
    """What can be done with templates, by their names; answers are as in docs/templates.md."""

    @operation
    def templates(self) -> Steps[list[dict[str, Any]]]:
        """Own templates and starters."""
        found: list[dict[str, Any]] = (yield from self._get("templates"))["templates"]
        return found

    @operation
    def template(self, name: str, version: int | None = None) -> Steps[dict[str, Any]]:
        """A template; the newest version if none is named."""
        found: dict[str, Any] = yield from self._get(_path(name), {"version": version})
        return found

    @operation
    def put_template(self, name: str, template: dict[str, Any]) -> Steps[dict[str, Any]]:
        """Write its next version, or the first. What ``template`` gave can be changed and put:
        ``Conflict`` where somebody else was faster."""
        found: dict[str, Any] = yield from self._change("PUT", _path(name), template)
        return found

    @operation
    def delete_template(self, name: str) -> Steps[None]:
        """Delete it with its versions. Jobs that wait for it will fail; results keep its name."""
        yield from self._delete(_path(name))

    @operation
    def template_versions(self, name: str) -> Steps[list[dict[str, Any]]]:
        """Its versions, newest first: when and by whom they were made, and why."""
        found: dict[str, Any] = yield from self._get(f"{_path(name)}/versions")
        versions: list[dict[str, Any]] = found["versions"]
        return versions

    @operation
    def restore_template(self, name: str, version: int) -> Steps[dict[str, Any]]:
        """Copy an earlier version as the newest."""
        found: dict[str, Any] = yield from self._change(
            "POST", f"{_path(name)}/restore", {"version": version}
        )
        return found

    @operation
    def teach_template(self, name: str, jobs: Sequence[Job | str] = ()) -> Steps[dict[str, Any]]:
        """Teach it by the confirmed documents that were read with it, and by ``jobs`` besides.

        Gives the new version and how each field gained.
        """
        body = {"jobs": [_id(job) for job in jobs]}
        found: dict[str, Any] = yield from self._change("POST", f"{_path(name)}/learn", body)
        return found

    @operation
    def try_template(self, job: Job | str, template: str | dict[str, Any]) -> Steps[dict[str, Any]]:
        """What a template, named (NAME or NAME@VERSION) or given, finds on a job's pages.

        Nothing is stored.
        """
        how = "name" if isinstance(template, str) else "template"
        body = {"job": _id(job), how: template}
        found: dict[str, Any] = yield from self._change(
            "POST", "templates/test", body, repeatable=True
        )
        return found

    @operation
    def propose_template(self, job: Job | str, name: str) -> Steps[dict[str, Any]]:
        """A template of that name made of a job's document, to go on with. Nothing is stored."""
        body = {"job": _id(job), "name": name}
        found: dict[str, Any] = yield from self._change(
            "POST", "templates/propose", body, repeatable=True
        )
        return found


def _path(name: str) -> str:
    return f"templates/{quote(name, safe='')}"


def _id(job: Job | str) -> str:
    return job.id if isinstance(job, Job) else job
