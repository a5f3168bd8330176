"""Fields for names that people give: made clean first, then looked at for length and emptiness.

Cleaning may lengthen a text (Unicode's NFC takes some letters apart) or leave nothing of it. A NUL
is left in, for the fields' own validators to refuse.
"""

from __future__ import annotations

from typing import Any

from django import forms
from rest_framework import serializers

from accounts.names import clean_name


class NameField(forms.CharField):
    """A form's name."""

    def to_python(self, value: Any) -> Any:
        return _cleaned(str(super().to_python(value) or ""))


class NameSerializerField(serializers.CharField):
    """A name in a body."""

    def to_internal_value(self, data: Any) -> str:
        name = _cleaned(super().to_internal_value(data))
        if not name and not self.allow_blank:
            self.fail("blank")
        return name


def _cleaned(text: str) -> str:
    return text if "\0" in text else clean_name(text)
