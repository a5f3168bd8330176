"""The inputs of the template editor: texts one a line, one printable line, shares in percent."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _

LONGEST_LINE = 100
TEXT = {"autocomplete": "off", "spellcheck": "false"}


class LinesField(forms.CharField):
    """Texts, one a line."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        widget = forms.Textarea(attrs={"rows": 2, **TEXT})
        super().__init__(required=False, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(value)

    def clean(self, value: Any) -> list[str]:
        text = re.sub(r"[^\S\n]+", " ", super().clean(value).replace("\r\n", "\n"))
        lines = [line.strip() for line in text.split("\n")]
        lines = list(dict.fromkeys(line for line in lines if line))
        if len(lines) > self.most:
            raise forms.ValidationError(
                _("At most %(most)d lines; these are %(count)d.")
                % {"most": self.most, "count": len(lines)}
            )
        for line in lines:
            if len(line) > LONGEST_LINE:
                raise forms.ValidationError(
                    _("A line has at most %(most)d characters.") % {"most": LONGEST_LINE}
                )
            if not line.isprintable():
                raise forms.ValidationError(_("A line holds characters that cannot be kept."))
        return lines


class LineField(forms.CharField):
    """A text of one printable line."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text.isprintable():
            raise forms.ValidationError(_("It holds characters that cannot be kept."))
        return text


class PercentField(forms.FloatField):
    """A share from 0 to 1, asked for in percent."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.NumberInput(attrs={"min": 0, "max": 100, "step": "any"})
        super().__init__(required=False, min_value=0, max_value=100, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{value * 100:.6g}" if isinstance(value, float | int) else value

    def clean(self, value: Any) -> float | None:
        number = super().clean(value)
        return None if number is None else round(number / 100, 6)
