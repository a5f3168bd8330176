"""Forms that ask for a second factor."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import signin
from accounts.models import User
from accounts.signin_errors import CodeWrong, LoginLocked

WRONG = _("This code is wrong, or was used before. Wait for your app to show the next one.")


class CodeForm(forms.Form):
    """A code of the person's app, or one of their recovery codes; checking it uses it up."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autofocus": True,
                "autocapitalize": "off",
                "spellcheck": "false",
            }
        ),
        help_text=_("The 6 digits that your authenticator app shows, or a recovery code."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_code(self) -> str:
        """The code, right and used up; left alone where what it is for is wrong already."""
        code: str = self.cleaned_data["code"]
        if self.errors:
            return code
        try:
            signin.check_code(context.request, self.user, code)
        except (CodeWrong, LoginLocked) as error:
            raise forms.ValidationError(WRONG) from error  # locked: another page is shown
        return code
