"""Forms of the pages about the person themselves, and of setting a new password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.second_factor_forms import CodeForm


def password_field(label: Any, autocomplete: str = "current-password", **more: Any) -> Any:
    """A field whose text is not shown."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=1024, widget=widget, **more)


class NewPasswordForm(SetPasswordForm):
    """A new password, twice; the validators of the settings look at it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = _("New password")
        self.fields["new_password1"].help_text = " ".join(password_validators_help_texts())
        self.fields["new_password2"].label = _("New password again")
        self.fields["new_password2"].help_text = ""


class ChangePasswordForm(NewPasswordForm):
    """The old one first."""

    current = password_field(_("Current password"))
    field_order = ["current", "new_password1", "new_password2"]


class ResetForm(forms.Form):
    """Whose password to set anew."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )


class SetUpForm(forms.Form):
    """The first code of an authenticator app, from somebody who knows the password."""

    password = password_field(_("Your password"))
    code = forms.CharField(
        label=_("Code that the app shows now"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not user.has_usable_password():
            del self.fields["password"]


class ChangeFactorForm(CodeForm):
    """A code, and what it is given for."""

    action = forms.ChoiceField(
        choices=[("renew", _("Make new recovery codes")), ("off", _("Switch two-factor off"))],
        label=_("For"),
        widget=forms.RadioSelect,
    )
    field_order = ["action", "code"]
