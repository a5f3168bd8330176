"""The forms of the fine-tuning pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.numerals import numeral
from extraction.engines import ENGINES
from extraction.training.settings import BOUNDS
from jobs.forms import ACCEPTED


class DatasetForm(forms.Form):
    """A new dataset."""

    name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    base = forms.ChoiceField(label=_("Engine to be taught"))

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["base"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(name, ENGINES[name].title) for name in names]


class ExampleForm(forms.Form):
    """A page and its text."""

    file = forms.FileField(label=_("Document"), widget=forms.FileInput(attrs={"accept": ACCEPTED}))
    page = forms.IntegerField(label=_("Page"), initial=1, min_value=1, max_value=100_000)
    text = forms.CharField(
        label=_("Its text as it is right"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("All that the model is to write for the page."),
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n").replace("\x00", "")
        if len(text) > settings.TRAINING_MOST_CHARACTERS:
            raise forms.ValidationError(
                gettext("At most %(most)s characters.")
                % {"most": numeral(settings.TRAINING_MOST_CHARACTERS)}
            )
        return text


class RunForm(forms.Form):
    """What people usually change of a run; the API takes the rest."""

    epochs = forms.IntegerField(
        label=_("Rounds"),
        initial=3,
        min_value=1,
        max_value=int(BOUNDS["epochs"][1]),
        help_text=_("How often each page is learned from."),
    )
    learning_rate = forms.FloatField(
        label=_("Learning rate"),
        initial=2e-4,
        min_value=BOUNDS["learning_rate"][0],
        max_value=BOUNDS["learning_rate"][1],
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    max_minutes = forms.IntegerField(
        label=_("Minutes at most"),
        required=False,
        min_value=1,
        max_value=525_600,
        help_text=_("Kept of the plan's training seconds until it ends."),
    )
