"""The organisation and the installation, and whatever else the API has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ocrsite_client.calls import Call, Listing, Steps, listing, operation
from ocrsite_client.core import Core, Named, asked, id_of
from ocrsite_client.service_level import ServiceLevel

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
    def service_level(self, month: str | None = None) -> Steps[ServiceLevel]:
        """What the plan promises, what was measured in the month ("2026-11"; this one if none is
        named), and what is left of the error budget."""
        found: ServiceLevel = yield from self._get("service-level", {"month": month})
        return found

    @operation
    def usage(self, **filters: Any) -> Steps[dict[str, Any]]:
        """Usage over time and what is left of each quota; ``by``, ``from_``, ``to``, ``key``."""
        found: dict[str, Any] = yield from self._get("usage", asked(filters))
        return found

    @operation
    def cache(self) -> Steps[dict[str, Any]]:
        """How often the same document came again, in 24 hours."""
        found: dict[str, Any] = yield from self._get("cache")
        return found

    @operation
    def billing(self) -> Steps[dict[str, Any]]:
        """Plan, what this month has come to so far, and the budget."""
        found: dict[str, Any] = yield from self._get("billing")
        return found

    @listing
    def invoices(self) -> Listing[dict[str, Any]]:
        """Invoices and credit notes, newest first."""
        yield from self._listed("invoices", {}, dict)

    @operation
    def invoice(self, invoice: Named) -> Steps[dict[str, Any]]:
        """One of them with its lines; its id will do."""
        found: dict[str, Any] = yield from self._get(f"invoices/{id_of(invoice)}")
        return found

    @operation
    def download_invoice(self, invoice: Named, to: str | os.PathLike[str]) -> Steps[Path]:
        """Save it as PDF or CSV, by the name's ending."""
        path = Path(to)
        ending = quote(path.suffix.lower())
        return (yield from self._save(f"invoices/{id_of(invoice)}{ending}", path))

    @operation
    def models(self) -> Steps[dict[str, Any]]:
        """The engines and models that the organisation may use."""
        found: dict[str, Any] = yield from self._get("models")
        return found

    @operation
    def model_metrics(self, **span: Any) -> Steps[dict[str, Any]]:
        """How fast and sure engines were; ``from_``, ``to``: the last 30 days if none are given."""
        found: dict[str, Any] = yield from self._get("metrics/models", asked(span))
        return found

    @operation
    def leaderboard(self, **span: Any) -> Steps[dict[str, Any]]:
        """How often engines were right, by what people confirmed; ``from_``, ``to`` likewise."""
        found: dict[str, Any] = yield from self._get("metrics/leaderboard", asked(span))
        return found

    @operation
    def catalogue(self, document_type: str | None = None) -> Steps[dict[str, Any]]:
        """The predefined fields, their kinds and the types of documents."""
        found: dict[str, Any] = yield from self._get("fields", {"document_type": document_type})
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

    @operation
    def save(
        self, path: str, to: str | os.PathLike[str], *, params: dict[str, Any] | None = None
    ) -> Steps[Path]:
        """Anything else that is a file ("usage.csv"), whole or not at all; returns its path."""
        return (yield from self._save(path.lstrip("/"), Path(to), params))
