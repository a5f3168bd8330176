"""The form of an organisation's settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import FEWEST_DPI, MOST_DPI, Tenant, TextLayer, WhenEngineAway
from accounts.name_fields import NameField
from accounts.organisation_settings import MAX_RETENTION, settings_of
from jobs.forms import TEXT_LAYERS
from jobs.plan_engines import offered, usual_engine
from jobs.usual_options import USUAL_DPI

USUAL, ONCE, HOURS = "usual", "once", "hours"  # how long documents are kept


class SettingsForm(forms.Form):
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

    default_engine = forms.ChoiceField(label=_("Engine"), required=False)
    default_text_layer = forms.ChoiceField(
        label=_("A PDF's own text"), choices=TEXT_LAYERS, required=False
    )
    default_searchable_pdf = forms.TypedChoiceField(
        label=_("Make a searchable PDF"),
        choices=(
            ("", _("Of documents sent on these pages")),
            ("True", _("Of every document")),
            ("False", _("Of none")),
        ),
        coerce=lambda text: text == "True",
        empty_value=None,
        required=False,
    )
    default_dpi = forms.IntegerField(
        label=_("Dots per inch"),
        required=False,
        min_value=FEWEST_DPI,
        max_value=MOST_DPI,
        help_text=format_lazy(
            _(
                "How finely the pages of PDFs are drawn before they are read, {fewest} to {most}. "
                "Empty: {usual}. More helps with very small print, and takes longer."
            ),
            fewest=FEWEST_DPI,
            most=MOST_DPI,
            usual=USUAL_DPI,
        ),
    )
    default_strip_furniture = forms.BooleanField(
        label=_("Leave out headers, footers and page numbers"),
        required=False,
        help_text=_("Watermarks too. They stay on the picture of the page."),
    )
    default_split = forms.BooleanField(
        label=_("Tell stapled documents apart"),
        required=False,
        help_text=_("For files that hold several documents. Each gets fields of its own."),
    )
    read_anew = forms.BooleanField(
        label=_("Read every document anew"),
        required=False,
        help_text=_(
            "Else a document that was read a short while ago gets that result at once, and costs "
            "nothing."
        ),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant, self.offered = tenant, offered(tenant)
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
        engine = self.fields["default_engine"]
        assert isinstance(engine, forms.ChoiceField)
        engine.choices = self._engines()
        self.initial["read_anew"] = not self.initial.get("default_cache", True)

    def _engines(self) -> list[tuple[str, str]]:
        """The installation's, those offered, and the one that was chosen and is offered no more."""
        usual = dict(self.offered).get(usual_engine(self.tenant), settings.DEFAULT_ENGINE)
        lost = self.engine_lost
        return [
            ("", gettext("As this site usually does: %(engine)s") % {"engine": usual}),
            *self.offered,
            *([(lost, gettext("%(engine)s, no longer there") % {"engine": lost})] if lost else []),
        ]

    @property
    def engine_lost(self) -> str:
        """The engine chosen once that is offered no more, else ""."""
        chosen = self.tenant.default_engine
        return "" if chosen in dict(self.offered) else chosen

    def clean(self) -> dict[str, Any]:
        """``retention_hours`` as of `Tenant`; forms of before have no ``keep``."""
        data = super().clean() or {}
        keep = data.pop("keep", "")
        if keep == HOURS and not data.get("retention_hours"):
            if "retention_hours" not in self.errors:
                self.add_error("retention_hours", _("Say how many hours, from 1 on."))
        elif keep and keep != HOURS:
            data["retention_hours"] = None if keep == USUAL else 0
        data["default_cache"] = not data.pop("read_anew", False)
        if "default_text_layer" not in self.data:  # forms of before know nothing of defaults
            now = asdict(settings_of(self.tenant))
            data |= {name: now[name] for name in now if name.startswith("default_")}
        return data

    def clean_when_engine_away(self) -> str:
        """Forms of before know nothing of it."""
        return self.cleaned_data["when_engine_away"] or WhenEngineAway.WAIT

    def clean_default_text_layer(self) -> str:
        """None of them is the installation's."""
        return self.cleaned_data["default_text_layer"] or TextLayer.AUTO
