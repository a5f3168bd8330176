"""Forms of the sign-in pages."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models.tenants import WhenEngineAway
from accounts.name_fields import NameField
from accounts.organisation_settings import MAX_RETENTION


class LoginForm(AuthenticationForm):
    """E-mail address and password."""

    error_messages = {
        "invalid_login": _("No active account has this e-mail address and password."),
        "inactive": _("No active account has this e-mail address and password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = forms.EmailField(
            label=_("E-mail address"),
            max_length=254,
            widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
        )


class SwitchTenantForm(forms.Form):
    """The id of the tenant to switch to."""

    tenant = forms.UUIDField()


USUAL, ONCE, HOURS = "usual", "once", "hours"  # how long documents are kept


class OrganisationForm(forms.Form):
    """What an organisation says of itself."""

    name = NameField(
        label=_("Name"),
        max_length=200,
        help_text=_("Members see it at the top of these pages, and invitations bear it."),
        error_messages={"required": _("Give it a name that can be read.")},
    )
    keep = forms.ChoiceField(label=_("Keep them"), required=False, widget=forms.RadioSelect)
    retention_hours = forms.IntegerField(
        label=_("Hours"),
        required=False,
        min_value=0,
        max_value=MAX_RETENTION,
        help_text=_("For “As many hours as I say”: a day has 24, a week 168, 30 days 720."),
    )
    require_second_factor = forms.BooleanField(
        label=_("Members need a second factor"),
        required=False,
        help_text=_(
            "Who has none sets one up at the next step, and is refused by the API until then. "
            "API keys go on working."
        ),
    )
    when_engine_away = forms.ChoiceField(
        label=_("When such an engine is out of order"),
        choices=(
            (WhenEngineAway.WAIT, _("Jobs wait until it is back")),
            (
                WhenEngineAway.FALL_BACK,
                _("Pages are read by OCR instead, and bear the warning “degraded”"),
            ),
        ),
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hours = settings.RETENTION_HOURS
        usual = (
            _("As this site usually does: until somebody deletes them")
            if hours is None
            else ngettext(
                "As this site usually does: %(hours)s hour",
                "As this site usually does: %(hours)s hours",
                hours,
            )
            % {"hours": hours}
        )
        keep = self.fields["keep"]
        assert isinstance(keep, forms.ChoiceField)
        keep.choices = [
            (USUAL, usual),
            (ONCE, _("Until the result has been downloaded once")),
            (HOURS, _("As many hours as I say")),
        ]
        kept = self.initial.get("retention_hours")
        self.initial["keep"] = USUAL if kept is None else HOURS if kept else ONCE

    def clean(self) -> dict[str, Any]:
        """``retention_hours`` as of `Tenant`; forms of before have no ``keep``."""
        data = super().clean() or {}
        keep = data.pop("keep", "")
        if keep == HOURS and not data.get("retention_hours"):
            if "retention_hours" not in self.errors:
                self.add_error("retention_hours", _("Say how many hours, from 1 on."))
        elif keep and keep != HOURS:
            data["retention_hours"] = None if keep == USUAL else 0
        return data

    def clean_when_engine_away(self) -> str:
        """Forms of before know nothing of it."""
        return self.cleaned_data["when_engine_away"] or WhenEngineAway.WAIT
