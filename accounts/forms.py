"""Forms of the sign-in pages."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


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
