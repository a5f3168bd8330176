"""What entries of the audit log are about, in plain words: objects, and the names of details.

A test finds an object that is missing here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.audit import SYSTEM
from accounts.permissions import IN_SENTENCES

# By the model's name
OBJECTS: Mapping[str, Promise | str] = {
    "apikey": pgettext_lazy("audit", "API key"),
    "batch": pgettext_lazy("audit", "batch"),
    "billingdetails": pgettext_lazy("audit", "billing details"),
    "budget": pgettext_lazy("audit", "budget"),
    "callbacksecret": pgettext_lazy("audit", "secret of callbacks"),
    "comparison": pgettext_lazy("audit", "comparison"),
    "credit": pgettext_lazy("audit", "credit"),
    "dataset": pgettext_lazy("audit", "dataset"),
    "delivery": pgettext_lazy("audit", "delivery"),
    "departure": pgettext_lazy("audit", "deletion of the organisation"),
    "fieldtemplate": pgettext_lazy("audit", "template"),
    "fieldtemplateversion": pgettext_lazy("audit", "template's version"),
    "invitation": pgettext_lazy("audit", "invitation"),
    "invoice": pgettext_lazy("audit", "invoice"),
    "job": pgettext_lazy("audit", "job"),
    "membership": pgettext_lazy("audit", "membership"),
    "plan": pgettext_lazy("audit", "plan"),
    "planterms": pgettext_lazy("audit", "terms of a plan"),
    "savedfilter": pgettext_lazy("audit", "saved filter"),
    "session": pgettext_lazy("audit", "sign-in"),
    "storedfile": pgettext_lazy("audit", "file"),
    "subscription": pgettext_lazy("audit", "plan of the organisation"),
    "tenant": pgettext_lazy("audit", "organisation"),
    "tenantengine": pgettext_lazy("audit", "own engine"),
    "tokenfamily": pgettext_lazy("audit", "sign-in for the API"),
    "trainingrun": pgettext_lazy("audit", "training run"),
    "user": pgettext_lazy("audit", "person"),
    "webhook": pgettext_lazy("audit", "webhook"),
}

# By the key in what an entry tells before and after; others are shown as they are
DETAILS: Mapping[str, Promise | str] = {
    "action": _("Action"),
    "actor": _("Who"),
    "address": _("Address"),
    "adapter": _("Adapter"),
    "allowed_networks": _("Networks"),
    "amount": _("Amount"),
    "base": _("Base"),
    "batch": _("Batch"),
    "by": _("By"),
    "country": _("Country"),
    "currency": _("Currency"),
    "dataset": _("Dataset"),
    "default_engine": _("Usual engine"),
    "digest": _("Digest"),
    "document": _("Document"),
    "documents": _("Documents"),
    "due_at": _("Due"),
    "email": _("E-mail address"),
    "ended": _("Ended"),
    "engine": _("Engine"),
    "engines": _("Engines"),
    "events": _("Events"),
    "examples": _("Examples"),
    "expires_at": _("Expires"),
    "factor": _("Second factor"),
    "failures": _("Failures"),
    "field": _("Field"),
    "fields": _("Fields"),
    "file": _("File"),
    "files": _("Files"),
    "hard_stop": _("Refuses what might cost more"),
    "is_active": _("Active"),
    "method": _("Method"),
    "name": _("Name"),
    "networks": _("Networks"),
    "new_account": _("New account"),
    "number": pgettext_lazy("of an invoice", "Number"),
    "old_until": _("Earlier text valid until"),
    "origin": _("Web address"),
    "owner": _("Owner"),
    "page": _("Page"),
    "pages": _("Pages"),
    "password": _("Password"),
    "payment": _("Payment"),
    "person": _("Person"),
    "prefix": _("Beginning of the key"),
    "reason": _("Reason"),
    "reference": _("Reference"),
    "refused": _("Refused"),
    "retention_hours": _("Hours kept"),
    "role": _("Role"),
    "route": _("Address called"),
    "same_as": _("Same as"),
    "scopes": _("Scopes"),
    "seconds": _("Seconds"),
    "sha256": _("SHA-256 of the file"),
    "shared": _("Shared"),
    "since": _("Since"),
    "slug": _("Short name"),
    "state": _("State"),
    "status": _("Status"),
    "subject": _("Subject"),
    "tax_id": _("VAT or tax number"),
    "template": _("Template"),
    "tenant": _("Organisation"),
    "total": _("Total"),
    "until": _("Until"),
    "url": _("Address"),
    "version": _("Version"),
}

# Codes among the values of details; what people wrote is shown as it is
VALUES: Mapping[str, Promise | str] = {
    "true": _("yes"),
    "false": _("no"),
    "null": _("nothing"),
    **{str(role): words for role, words in IN_SENTENCES.items()},
    "queued": pgettext_lazy("audit", "queued"),
    "running": pgettext_lazy("audit", "running"),
    "succeeded": pgettext_lazy("audit", "succeeded"),
    "partial": pgettext_lazy("audit", "partial"),
    "failed": pgettext_lazy("audit", "failed"),
    "cancelled": pgettext_lazy("audit", "cancelled"),
    "open": pgettext_lazy("audit", "open"),
    "paid": pgettext_lazy("audit", "paid"),
    "confirmed": pgettext_lazy("audit", "confirmed"),
    "corrected": pgettext_lazy("audit", "corrected"),
    "absent": pgettext_lazy("audit", "absent"),
}


_KEY = re.compile(r"key (?P<prefix>\S+) \((?P<name>.*)\)", re.DOTALL)  # as `ApiKey` is told


def object_words(object_type: str) -> str:
    """What an entry's object is ("jobs.job")."""
    name = object_type.rpartition(".")[2]
    return str(OBJECTS.get(name, name))


def detail_words(name: str) -> str:
    """What a detail is called."""
    return str(DETAILS.get(name) or VALUES.get(name, name.replace("_", " ")))


def value_words(text: str) -> str:
    """A value of a detail as text."""
    return str(VALUES.get(text, text))


def actor_words(actor: str) -> str:
    """Who did it: a person, a key, or the site itself."""
    if actor == SYSTEM:
        return gettext("The site")
    if key := _KEY.fullmatch(actor):
        return gettext("key %(prefix)s (%(name)s)") % key.groupdict()
    return actor
