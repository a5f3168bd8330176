"""Forms of the pages about members and invitations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from accounts.name_fields import NameField
from accounts.permissions import Role

ROLE_HELP = _(
    "Owner: everything. Admin: everything but handing over or deleting the organisation. Member: "
    "send documents, correct, make templates. Reviewer: look on and correct. Viewer: look on."
)


def _choices(roles: Sequence[Role]) -> list[tuple[str, str]]:
    return [(role.value, gettext(role.label)) for role in roles]


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER, help_text=ROLE_HELP)

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _choices(roles)  # type: ignore[attr-defined]


class RoleForm(forms.Form):
    """A member's role."""

    role = forms.ChoiceField(label=_("Role"), help_text=ROLE_HELP)

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _choices(roles)  # type: ignore[attr-defined]


class RemoveForm(forms.Form):
    """Which keys that the person made are to go too."""

    keys = forms.MultipleChoiceField(
        label=_("Revoke these too"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, keys: Sequence[ApiKey], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["keys"].choices = [(str(key.pk), str(key)) for key in keys]  # type: ignore[attr-defined]


class ConfirmForm(forms.Form):
    """One's own password, once more."""

    password = forms.CharField(
        label=_("Your password"),
        required=False,  # people who sign in elsewhere have none
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPersonForm(forms.Form):
    """The account of somebody who was invited; the address is the invitation's."""

    email = forms.EmailField(
        label=_("E-mail address (of the invitation)"),
        required=False,
        disabled=True,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    name = NameField(
        label=_("Your name"),
        required=False,
        max_length=200,
        help_text=_("As others see it; empty: your e-mail address."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("Password, once more"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email
        self.fields["email"].initial = email
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean(self) -> dict[str, Any]:
        """The passwords are the same and good enough for this person."""
        cleaned: dict[str, Any] = super().clean() or {}
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two passwords differ."))
        if password:
            person = User(email=self._email, name=cleaned.get("name", ""))
            try:
                validate_password(password, person)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned
