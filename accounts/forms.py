"""Forms of the sign-in pages."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from accounts.models.tenants import WhenEngineAway
from accounts.name_fields import NameField
from accounts.organisation_settings import MAX_RETENTION


class LoginForm(AuthenticationForm):
    """E-mail address and password."""

    error_messages = {
        "invalid_login": "No active account has this e-mail address and password.",
        "inactive": "No active account has this e-mail address and password.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = forms.EmailField(
            label="E-mail address",
            max_length=254,
            widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
        )


class SwitchTenantForm(forms.Form):
    """The id of the tenant to switch to."""

    tenant = forms.UUIDField()


class OrganisationForm(forms.Form):
    """What an organisation says of itself."""

    name = NameField(
        label="Name",
        max_length=200,
        error_messages={"required": "Give it a name that can be read."},
    )
    retention_hours = forms.IntegerField(
        label="Hours to keep documents and results",
        required=False,
        min_value=0,
        max_value=MAX_RETENTION,
        help_text="After a job's end, where the job does not say. 0: until the first download. "
        "Empty: as this site usually does.",
    )
    require_second_factor = forms.BooleanField(
        label="Members need a second factor",
        required=False,
        help_text="Who has none sets one up at the next step, and is refused by the API until "
        "then. API keys go on working.",
    )
    when_engine_away = forms.ChoiceField(
        label="When an engine on another machine is out of order",
        choices=WhenEngineAway.choices,
        required=False,
        help_text="What OCR reads then bears the warning degraded.",
    )

    def clean_when_engine_away(self) -> str:
        """Forms of before know nothing of it."""
        return self.cleaned_data["when_engine_away"] or WhenEngineAway.WAIT
