"""The forms of the pages about API keys."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import networks
from accounts.key_changes import OVERLAP_HOURS, KeyTerms
from accounts.models import ApiKey
from accounts.name_fields import NameField
from accounts.permissions import ACTIONS, ROLES, SCOPES, Role
from accounts.refusal_words import refusal_words

NEVER, ON_A_DAY = "never", "day"
DAYS = (
    ("7", _("In 7 days")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
)
OVERLAPS = (
    ("0", _("Refuse the text of now at once")),
    ("1", _("Let both in for an hour")),
    ("24", _("Let both in for 24 hours")),
    ("168", _("Let both in for 7 days")),
)


def scope_choices() -> list[tuple[str, str]]:
    """Each scope with what it allows."""
    return [
        (scope, format_html("<code>{}</code> <span>{}</span>", scope, _meaning(scope)))
        for scope in SCOPES
    ]


def _meaning(scope: str) -> str:
    if SCOPES[scope] == ROLES[Role.ADMIN]:
        return gettext("Everything that an admin may do")
    return "; ".join(gettext(text) for action, text in ACTIONS.items() if action in SCOPES[scope])


class KeyForm(forms.Form):
    """The terms of a key."""

    name = NameField(
        label=_("Name"), max_length=100, help_text=_("What uses it, for example: invoice import.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=scope_choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one: what the key is for.")},
    )
    expiry = forms.ChoiceField(label=_("Expires"), choices=())
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("For “On a day”: it works until the end of that day (UTC)."),
    )
    networks = forms.CharField(
        label=_("Networks it may be used from"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_(
            "One on each line, such as 203.0.113.0/24 or 2001:db8::/32. Empty: from anywhere."
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, key: ApiKey | None = None) -> None:
        self.key = key
        kept = []
        initial: dict[str, Any] = {"expiry": "90"}
        if key is not None:
            initial = {
                "name": key.name,
                "scopes": key.scopes,
                "networks": "\n".join(key.networks),
                "expiry": "keep" if key.expires_at else NEVER,
            }
            if key.expires_at:
                kept = [
                    (
                        "keep",
                        _("%(when)s UTC, as it is")
                        % {"when": date_format(key.expires_at, "j F Y, H:i")},
                    )
                ]
        super().__init__(data, initial=initial)
        choices = [*kept, *DAYS, (ON_A_DAY, _("On a day")), (NEVER, _("Never"))]
        self.fields["expiry"].choices = choices  # type: ignore[attr-defined]

    def clean_networks(self) -> list[str]:
        """The networks in normal form."""
        texts = [line.strip() for line in self.cleaned_data["networks"].splitlines()]
        try:
            return networks.normal(text for text in texts if text)
        except ValidationError as error:
            raise ValidationError([refusal_words(each) for each in error.messages]) from error

    def clean(self) -> dict[str, Any]:
        """With ``expires_at``."""
        data = super().clean() or {}
        chosen = data.get("expiry")
        if chosen == ON_A_DAY and not data.get("expires_on") and "expires_on" not in self.errors:
            self.add_error("expires_on", ValidationError(_("Choose the day.")))
        data["expires_at"] = self._expires_at(data)
        if data["expires_at"] and data["expires_at"] <= timezone.now() and chosen == ON_A_DAY:
            self.add_error("expires_on", ValidationError(_("Choose a day to come.")))
        return data

    def _expires_at(self, data: dict[str, Any]) -> datetime | None:
        chosen, day = data.get("expiry"), data.get("expires_on")
        if chosen == "keep" and self.key is not None:
            return self.key.expires_at
        if chosen == ON_A_DAY:
            return datetime.combine(day, time.max, UTC).replace(microsecond=0) if day else None
        if chosen in (None, NEVER):
            return None
        return timezone.now().replace(microsecond=0) + timedelta(days=int(chosen))

    def terms(self) -> KeyTerms:
        """What was chosen."""
        chosen = self.cleaned_data
        return KeyTerms(chosen["name"], chosen["scopes"], chosen["networks"], chosen["expires_at"])


class RotateForm(forms.Form):
    """What becomes of the text before."""

    overlap_hours = forms.TypedChoiceField(
        label=_("The text of now"),
        choices=OVERLAPS,
        coerce=int,
        initial=str(OVERLAP_HOURS),
        widget=forms.RadioSelect,
    )
