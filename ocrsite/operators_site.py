"""The operators' admin as a whole: its lists in groups that say what they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

# Titles, and what stands beneath them, by model; what is named nowhere comes last
GROUPS: Mapping[str, Sequence[str]] = {
    "Organisations and people": (
        "accounts.Tenant", "accounts.Membership", "accounts.Invitation", "accounts.User",
        "accounts.ApiKey", "accounts.Departure",
    ),
    "Work": (
        "jobs.Job", "jobs.Batch", "jobs.Task", "jobs.Pause", "jobs.Drain", "jobs.StoredFile",
        "jobs.Page", "jobs.Review", "jobs.Comparison",
    ),
    "Plans, usage and billing": (
        "accounts.Plan", "accounts.PlanTerms", "accounts.PlanPrice",
        "accounts.TurnaroundObjective", "accounts.Subscription",
        "accounts.UsageRecord", "accounts.UsageSum", "accounts.CallSum", "jobs.ServiceSum",
        "jobs.SiteAnswer", "accounts.QuotaUse", "accounts.Reservation",
        "accounts.ThresholdNotice", "accounts.Budget", "accounts.BillingDetails",
        "accounts.Invoice", "accounts.Credit", "accounts.CreditUse", "accounts.Closing",
        "accounts.ClosedUsage", "accounts.NumberSeries",
    ),
    "Webhooks": (
        "jobs.Webhook", "jobs.Delivery", "jobs.DeliveryAttempt", "jobs.CallbackSecret",
        "jobs.JobCallback",
    ),
    "Templates and own engines": (
        "jobs.FieldTemplate", "jobs.FieldTemplateVersion", "jobs.TenantEngine",
        "learning.Dataset", "learning.Example", "learning.TrainingRun",
    ),
    "Security": (
        "accounts.AuditEntry", "accounts.AuditSeal", "accounts.Session", "accounts.TokenFamily",
        "socialaccount.SocialAccount", "axes.AccessAttempt", "auth.Group",
    ),
}  # fmt: skip
REST = "Rows behind the pages"


class OperatorsSite(AdminSite):
    """Django's, with what it lists in ``GROUPS``."""

    site_header = site_title = "OCRSite operations"
    index_title = "How things stand"

    def told(self, model: dict[str, Any]) -> str:
        """What a list is of, in the words of its admin class."""
        words = vars(type(self._registry[model["model"]])).get("__doc__") or ""
        return str(words).partition("\n\n")[0]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """The groups with those models that the operator may see; of one app alone as it is."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        left = {
            f"{app['app_label']}.{model['object_name']}": model | {"told": self.told(model)}
            for app in apps
            for model in app["models"]
        }
        groups = [
            (title, [left.pop(name) for name in names if name in left])
            for title, names in GROUPS.items()
        ]
        groups.append((REST, list(left.values())))
        return [
            {
                "name": title,
                "app_label": title.lower().replace(" ", "-").replace(",", ""),
                "app_url": "",
                "has_module_perms": True,
                "models": models,
            }
            for title, models in groups
            if models
        ]
