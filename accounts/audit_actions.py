"""What the audit log speaks of, in plain words: one table. A test finds actions missing here.

An action reads "object.verb"; its words go on after the name of who did it.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

GROUPS: Mapping[str, Promise | str] = {
    "session": _("Signing in and out"),
    "login": _("Failed sign-ins"),
    "token": _("Tokens"),
    "access": _("Refused calls"),
    "key": _("API keys"),
    "member": _("Members"),
    "invitation": _("Invitations"),
    "password": _("Passwords"),
    "second_factor": _("Second factors"),
    "single_sign_on": _("Single sign-on"),
    "settings": _("Settings"),
    "tenant": _("Organisation"),
    "usage": _("Usage"),
    "billing": _("Billing"),
    "budget": _("Budgets"),
    "plan": _("Plans"),
    "invoice": _("Invoices"),
    "credit": _("Credits"),
    "job": _("Jobs"),
    "batch": _("Batches"),
    "filter": _("Saved filters"),
    "compare": _("Comparisons"),
    "field": _("Corrections"),
    "review": _("Reviews"),
    "template": _("Templates"),
    "dataset": _("Datasets"),
    "training": _("Training runs"),
    "own_engine": _("Own engines"),
    "webhook": _("Webhooks"),
    "callback": _("Callbacks"),
    "delivery": _("Deliveries of webhooks"),
    "pool": _("Queues of workers"),
    "task": _("Work at workers"),
    "worker": _("Workers"),
    "engine": _("Engines"),
    "admin": _("Operators' admin"),
    "audit": _("Audit log"),
}
ACTIONS: Mapping[str, Promise | str] = {
    "session.login": pgettext_lazy("audit", "signed in"),
    "session.logout": pgettext_lazy("audit", "signed out"),
    "session.switch": pgettext_lazy("audit", "switched to this organisation"),
    "session.end": pgettext_lazy("audit", "ended sign-ins"),
    "login.fail": pgettext_lazy("audit", "failed to sign in"),
    "login.lock": pgettext_lazy("audit", "was locked out after failed sign-ins"),
    "login.unlock": pgettext_lazy("audit", "let somebody try again to sign in"),
    "token.issue": pgettext_lazy("audit", "signed in for the API"),
    "token.console": pgettext_lazy("audit", "opened the API console"),
    "token.reuse": pgettext_lazy("audit", "sent a token that had been used: its sign-in was ended"),
    "token.revoke": pgettext_lazy("audit", "signed out of the API"),
    "access.refuse": pgettext_lazy("audit", "was refused"),
    "key.create": pgettext_lazy("audit", "made an API key"),
    "key.update": pgettext_lazy("audit", "changed an API key"),
    "key.rotate": pgettext_lazy("audit", "gave an API key a new text"),
    "key.rotate_end": pgettext_lazy("audit", "ended the time of an API key's earlier text"),
    "key.revoke": pgettext_lazy("audit", "revoked an API key"),
    "key.refuse": pgettext_lazy("audit", "was refused: the key does not open, or not from there"),
    "member.role": pgettext_lazy("audit", "changed a member's role"),
    "member.remove": pgettext_lazy("audit", "removed a member"),
    "member.leave": pgettext_lazy("audit", "left the organisation"),
    "invitation.create": pgettext_lazy("audit", "invited somebody"),
    "invitation.resend": pgettext_lazy("audit", "sent an invitation again"),
    "invitation.revoke": pgettext_lazy("audit", "withdrew an invitation"),
    "invitation.accept": pgettext_lazy("audit", "accepted an invitation"),
    "password.link": pgettext_lazy("audit", "was sent a link for a new password"),
    "password.reset": pgettext_lazy("audit", "set a new password by that link"),
    "password.change": pgettext_lazy("audit", "changed their password"),
    "second_factor.on": pgettext_lazy("audit", "set up a second factor"),
    "second_factor.off": pgettext_lazy("audit", "switched a second factor off"),
    "second_factor.recovery_codes": pgettext_lazy("audit", "made new recovery codes"),
    "single_sign_on.link": pgettext_lazy("audit", "signed in by single sign-on for the first time"),
    "settings.change": pgettext_lazy("audit", "changed the settings"),
    "tenant.create": pgettext_lazy("audit", "made the organisation"),
    "tenant.transfer": pgettext_lazy("audit", "handed the organisation over"),
    "tenant.suspend": pgettext_lazy("audit", "suspended the organisation"),
    "tenant.resume": pgettext_lazy("audit", "let the organisation go on"),
    "tenant.pause": pgettext_lazy("audit", "paused the organisation's work"),
    "tenant.unpause": pgettext_lazy("audit", "let the organisation's work go on"),
    "tenant.export": pgettext_lazy("audit", "took out everything"),
    "tenant.leave": pgettext_lazy("audit", "asked for the organisation to be deleted"),
    "tenant.stay": pgettext_lazy("audit", "called the deletion off"),
    "tenant.delete": pgettext_lazy("audit", "deleted the organisation"),
    "billing.details": pgettext_lazy("audit", "changed who pays"),
    "budget.change": pgettext_lazy("audit", "changed the budget"),
    "budget.threshold": pgettext_lazy("audit", "noted that much of the budget is used"),
    "plan.objectives": pgettext_lazy("audit", "set what a plan promises"),
    "plan.prices": pgettext_lazy("audit", "set a plan's prices"),
    "invoice.issue": pgettext_lazy("audit", "issued an invoice"),
    "invoice.credit": pgettext_lazy("audit", "took an invoice back"),
    "invoice.payment": pgettext_lazy("audit", "noted a payment"),
    "credit.grant": pgettext_lazy("audit", "granted a credit"),
    "usage.threshold": pgettext_lazy("audit", "noted that much of a quota is used"),
    "job.submit": pgettext_lazy("audit", "sent a document"),
    "job.end": pgettext_lazy("audit", "ended a job"),
    "job.cancel": pgettext_lazy("audit", "cancelled a job"),
    "job.retry": pgettext_lazy("audit", "had a job tried again"),
    "job.priority": pgettext_lazy("audit", "changed how urgent a job is"),
    "job.link": pgettext_lazy("audit", "made links to a job's files"),
    "job.download": pgettext_lazy("audit", "was given a document or result"),
    "job.delete": pgettext_lazy("audit", "deleted a job"),
    "job.expire": pgettext_lazy("audit", "removed a document whose time was over"),
    "batch.submit": pgettext_lazy("audit", "sent a batch"),
    "batch.end": pgettext_lazy("audit", "ended a batch"),
    "batch.cancel": pgettext_lazy("audit", "cancelled a batch"),
    "batch.retry": pgettext_lazy("audit", "had a batch tried again"),
    "batch.download": pgettext_lazy("audit", "was given a batch's results"),
    "batch.delete": pgettext_lazy("audit", "deleted a batch"),
    "filter.save": pgettext_lazy("audit", "saved a filter of the list of jobs"),
    "filter.delete": pgettext_lazy("audit", "deleted a saved filter"),
    "compare.submit": pgettext_lazy("audit", "had engines compared"),
    "compare.delete": pgettext_lazy("audit", "deleted a comparison"),
    "field.correct": pgettext_lazy("audit", "corrected or confirmed a field"),
    "review.take": pgettext_lazy("audit", "took a review"),
    "review.release": pgettext_lazy("audit", "gave a review back"),
    "review.confirm": pgettext_lazy("audit", "confirmed a document's fields"),
    "template.create": pgettext_lazy("audit", "made a template"),
    "template.update": pgettext_lazy("audit", "changed a template"),
    "template.restore": pgettext_lazy("audit", "restored a template's version"),
    "template.learn": pgettext_lazy("audit", "had a template learn"),
    "template.delete": pgettext_lazy("audit", "deleted a template"),
    "dataset.create": pgettext_lazy("audit", "made a dataset"),
    "dataset.add": pgettext_lazy("audit", "put an example into a dataset"),
    "dataset.import": pgettext_lazy("audit", "took corrected pages over into a dataset"),
    "dataset.remove": pgettext_lazy("audit", "took an example out of a dataset"),
    "dataset.export": pgettext_lazy("audit", "was given a dataset"),
    "dataset.delete": pgettext_lazy("audit", "deleted a dataset"),
    "training.submit": pgettext_lazy("audit", "began a training run"),
    "training.end": pgettext_lazy("audit", "ended a training run"),
    "training.cancel": pgettext_lazy("audit", "cancelled a training run"),
    "training.delete": pgettext_lazy("audit", "deleted a training run"),
    "own_engine.promote": pgettext_lazy("audit", "let an own engine read with another adapter"),
    "own_engine.roll_back": pgettext_lazy("audit", "let an own engine read as before"),
    "own_engine.delete": pgettext_lazy("audit", "deleted an own engine"),
    "webhook.create": pgettext_lazy("audit", "made a webhook"),
    "webhook.update": pgettext_lazy("audit", "changed a webhook"),
    "webhook.delete": pgettext_lazy("audit", "deleted a webhook"),
    "webhook.rotate": pgettext_lazy("audit", "changed a webhook's secret"),
    "webhook.disable": pgettext_lazy("audit", "switched a webhook off"),
    "webhook.ping": pgettext_lazy("audit", "sent a test to a webhook"),
    "callback.rotate": pgettext_lazy("audit", "changed the secret of callbacks"),
    "delivery.replay": pgettext_lazy("audit", "sent a delivery again"),
    "pool.pause": pgettext_lazy("audit", "paused the work of a pool"),
    "pool.resume": pgettext_lazy("audit", "let the work of a pool go on"),
    "task.take_back": pgettext_lazy(
        "audit", "had work that did not get on given to another worker"
    ),
    "task.begin_now": pgettext_lazy("audit", "let work that waited for its time begin at once"),
    "worker.drain": pgettext_lazy("audit", "asked a worker to end after what it does"),
    "engine.reset": pgettext_lazy("audit", "had an engine on another machine asked again at once"),
    "admin.add": pgettext_lazy("audit", "added, as an operator"),
    "admin.change": pgettext_lazy("audit", "changed, as an operator"),
    "admin.delete": pgettext_lazy("audit", "deleted, as an operator"),
    "audit.export": pgettext_lazy("audit", "exported the audit log"),
    "audit.prune": pgettext_lazy("audit", "took old entries out of the audit log"),
}


def words_of(action: str) -> str:
    """The action in plain words; itself where the table lacks it."""
    return str(ACTIONS.get(action, action))


def those_of(wanted: str) -> list[str]:
    """The actions that ``wanted`` means: one, or all of a group. Itself where it is neither."""
    return [name for name in ACTIONS if name.startswith(f"{wanted}.")] or [wanted]


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """For a form: the groups, in each all of it and, where there are several, its actions."""
    made = []
    for group, title in GROUPS.items():
        rows = _of(group)
        if len(rows) > 1:
            rows.insert(0, (group, gettext("All: %(group)s") % {"group": title}))
        if rows:
            made.append((str(title), rows))
    return made


def _of(group: str) -> list[tuple[str, str]]:
    return [(name, str(words)) for name, words in ACTIONS.items() if name.startswith(f"{group}.")]
