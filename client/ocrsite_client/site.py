"""The organisation and the installation, and whatever else the API has."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ocrsite_client.calls import Call, Steps, operation
from ocrsite_client.core import Core

CHANGELESS = frozenset({"GET", "HEAD", "OPTIONS"})


class SiteCalls(Core):
    """What is not about a document. All answers are dictionaries, as docs/api.md has them."""

    @operation
    def me(self) -> Steps[dict[str, Any]]:
        """Whom the key speaks for, and what it may do."""
        found: dict[str, Any] = yield from self._get("auth/me")
        return found

    @operation
    def health(self) -> Steps[dict[str, Any]]:
        """How the installation is: ``status`` is ``ok``, ``degraded`` or ``unavailable``."""
        call = Call("GET", "health", repeatable=True, answers=frozenset({503}))
        found: dict[str, Any] = (yield from self._send(call)).json()
        return found

    @operation
    def usage(self, **filters: Any) -> Steps[dict[str, Any]]:
        """Usage over time and what is left of each quota; ``by``, ``from_``, ``to``, ``key``."""
        params = {name.rstrip("_"): value for name, value in filters.items()}
        found: dict[str, Any] = yield from self._get("usage", params)
        return found

    @operation
    def models(self) -> Steps[dict[str, Any]]:
        """The engines and models that the organisation may use."""
        found: dict[str, Any] = yield from self._get("models")
        return found

    @operation
    def catalogue(self, document_type: str | None = None) -> Steps[dict[str, Any]]:
        """The predefined fields, their kinds and the types of documents."""
        found: dict[str, Any] = yield from self._get("fields", {"document_type": document_type})
        return found

    @operation
    def templates(self) -> Steps[list[dict[str, Any]]]:
        """Own templates and starters."""
        found: list[dict[str, Any]] = (yield from self._get("templates"))["templates"]
        return found

    @operation
    def template(self, name: str, version: int | None = None) -> Steps[dict[str, Any]]:
        """A template; the newest version if none is named."""
        path = f"templates/{quote(name, safe='')}"
        found: dict[str, Any] = yield from self._get(path, {"version": version})
        return found

    @operation
    def put_template(self, name: str, template: dict[str, Any]) -> Steps[dict[str, Any]]:
        """Write its next version. What ``template`` gave can be changed and put: ``Conflict``
        where somebody else was faster."""
        found: dict[str, Any] = yield from self._change(
            "PUT", f"templates/{quote(name, safe='')}", template
        )
        return found

    @operation
    def request(
        self, method: str, path: str, *, params: dict[str, Any] | None = None, json: Any = None
    ) -> Steps[Any]:
        """Anything else below ``/api/v1/``: its JSON; errors are raised as elsewhere."""
        method = method.upper()
        call = Call(
            method, path.lstrip("/"), params or {}, json=json, repeatable=method in CHANGELESS
        )
        return (yield from self._send(call)).json()
