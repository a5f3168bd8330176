"""The forms of the pages about webhooks, and events in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundWidget
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.models import Delivery, Webhook
from jobs.webhooks import PING

# Every event of jobs.webhooks.EVENTS, in groups, as people call it
EVENT_GROUPS: Sequence[tuple[Promise, Sequence[tuple[str, Promise]]]] = (
    (
        _("A document is done"),
        (
            ("job.succeeded", _("A document was read")),
            ("job.partial", _("A document was read in part: some pages failed")),
            ("job.failed", _("A document could not be read")),
            ("job.cancelled", _("A document was cancelled")),
        ),
    ),
    (
        _("On the way"),
        (
            ("job.queued", _("A document was accepted")),
            ("job.started", _("Reading of a document has begun")),
            ("job.page", _("A page was read: one call for each page")),
        ),
    ),
    (
        _("People and batches"),
        (
            ("review.completed", _("Somebody has confirmed a document's fields")),
            ("batch.completed", _("All documents of a batch are done")),
        ),
    ),
    (
        _("Limits"),
        (
            ("usage.threshold", _("Much of a quota is used up")),
            ("budget.threshold", _("Much of the month's budget is used up")),
        ),
    ),
)
EVENT_WORDS: dict[str, Promise] = {
    **{name: words for _title, events in EVENT_GROUPS for name, words in events},
    PING: _("A test"),
}
USUAL_EVENTS = ("job.succeeded", "job.partial", "job.failed")
CALLBACKS = "callbacks"  # in place of a webhook's id
OUTCOMES = (
    (Delivery.Status.PENDING, _("On its way")),
    (Delivery.Status.DELIVERED, _("Delivered")),
    (Delivery.Status.FAILED, _("Failed")),
)


class WebhookForm(forms.Form):
    """Where to call, and about what."""

    url = forms.CharField(
        label=_("Address of your program"),
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=_("An https address that the internet can reach. It is checked when you save."),
        error_messages={"required": _("Give the address that is to be called.")},
    )
    events = forms.MultipleChoiceField(
        label=_("Call it when"),
        choices=EVENT_GROUPS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )

    def groups(self) -> list[tuple[Promise, list[BoundWidget]]]:
        """The boxes of the events, in their groups."""
        boxes = {box.data["value"]: box for box in self["events"]}
        return [(title, [boxes[name] for name, _words in events]) for title, events in EVENT_GROUPS]


class DeliveryFilterForm(forms.Form):
    """Which deliveries are shown."""

    webhook = forms.ChoiceField(label=_("To"), required=False)
    event = forms.ChoiceField(label=_("About"), required=False)
    status = forms.ChoiceField(label=_("Outcome"), required=False)

    def __init__(self, data: Any, webhooks: Sequence[Webhook]) -> None:
        super().__init__(data)
        choices: dict[str, list[tuple[str, Any]]] = {
            "webhook": [
                ("", _("All webhooks and callbacks")),
                *((str(each.pk), each.url) for each in webhooks),
                (CALLBACKS, _("Callbacks of single documents")),
            ],
            "event": [("", _("Everything")), *EVENT_WORDS.items()],
            "status": [("", _("Any outcome")), *OUTCOMES],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered
