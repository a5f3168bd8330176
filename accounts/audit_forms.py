"""The filters of the audit log, as the API and the page take them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.audit_actions import choices
from accounts.audit_log import Wanted


class AuditFilterForm(forms.Form):
    """The API's: times are ISO 8601, UTC where they name no offset."""

    actor = forms.CharField(required=False, max_length=300)
    actor_id = forms.UUIDField(required=False)
    action = forms.CharField(required=False, max_length=50)
    object_type = forms.CharField(required=False, max_length=100)
    object_id = forms.CharField(required=False, max_length=100)
    address = forms.GenericIPAddressField(required=False)
    since = forms.DateTimeField(required=False)
    until = forms.DateTimeField(required=False)

    def clean_since(self) -> datetime | None:
        return _in_utc(self.cleaned_data["since"])

    def clean_until(self) -> datetime | None:
        return _in_utc(self.cleaned_data["until"])

    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        return Wanted(**self.cleaned_data)


class AuditSearchForm(forms.Form):
    """The page's: days, and actions in plain words."""

    actor = forms.CharField(
        label=_("Who"),
        required=False,
        max_length=300,
        help_text=_("The beginning of an e-mail address or key."),
    )
    action = forms.ChoiceField(label=_("What"), required=False)
    object_id = forms.CharField(
        label=_("Object's id"),
        required=False,
        max_length=100,
        help_text=_("Of a job, key or webhook."),
    )
    address = forms.GenericIPAddressField(label=_("IP address"), required=False)
    since = forms.DateField(
        label=_("From day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action = self.fields["action"]
        assert isinstance(action, forms.ChoiceField)
        action.choices = [("", _("Everything")), *choices()]

    def wanted(self) -> Wanted:
        """What a valid form asks for; both days are whole, in UTC."""
        data = dict(self.cleaned_data)
        since, until = data["since"], data["until"]
        data["since"] = _start(since) if since else None
        data["until"] = _start(until + timedelta(days=1)) if until and until < date.max else None
        return Wanted(**data)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _in_utc(moment: datetime | None) -> datetime | None:
    """The same in UTC: PostgreSQL knows no offset of 16 hours and more."""
    try:
        return moment.astimezone(UTC) if moment else None
    except OverflowError as error:
        raise forms.ValidationError(
            _("This is before the first year or after the last.")
        ) from error
