"""What the audit log speaks of, in plain words: one table. A test finds actions missing here.

An action reads "object.verb"; its words go on after the name of who did it.
"""

from __future__ import annotations

GROUPS: dict[str, str] = {
    "session": "Signing in and out",
    "login": "Failed sign-ins",
    "token": "Tokens",
    "access": "Refused calls",
    "key": "API keys",
    "member": "Members",
    "invitation": "Invitations",
    "password": "Passwords",
    "second_factor": "Second factors",
    "single_sign_on": "Single sign-on",
    "settings": "Settings",
    "tenant": "Organisation",
    "usage": "Usage",
    "billing": "Billing",
    "budget": "Budgets",
    "plan": "Plans",
    "invoice": "Invoices",
    "credit": "Credits",
    "job": "Jobs",
    "batch": "Batches",
    "filter": "Saved filters",
    "compare": "Comparisons",
    "field": "Corrections",
    "review": "Reviews",
    "template": "Templates",
    "dataset": "Datasets",
    "training": "Training runs",
    "own_engine": "Own engines",
    "webhook": "Webhooks",
    "callback": "Callbacks",
    "delivery": "Deliveries of webhooks",
    "engine": "Engines",
    "admin": "Operators' admin",
    "audit": "Audit log",
}
ACTIONS: dict[str, str] = {
    "session.login": "signed in",
    "session.logout": "signed out",
    "session.switch": "switched to this organisation",
    "session.end": "ended sign-ins",
    "login.fail": "failed to sign in",
    "login.lock": "was locked out after failed sign-ins",
    "login.unlock": "let somebody try again to sign in",
    "token.issue": "signed in for the API",
    "token.console": "opened the API console",
    "token.reuse": "sent a token that had been used: its sign-in was ended",
    "token.revoke": "signed out of the API",
    "access.refuse": "was refused",
    "key.create": "made an API key",
    "key.update": "changed an API key",
    "key.rotate": "gave an API key a new text",
    "key.rotate_end": "ended the time of an API key's earlier text",
    "key.revoke": "revoked an API key",
    "key.refuse": "was refused: the key does not open, or not from there",
    "member.role": "changed a member's role",
    "member.remove": "removed a member",
    "member.leave": "left the organisation",
    "invitation.create": "invited somebody",
    "invitation.resend": "sent an invitation again",
    "invitation.revoke": "withdrew an invitation",
    "invitation.accept": "accepted an invitation",
    "password.link": "was sent a link for a new password",
    "password.reset": "set a new password by that link",
    "password.change": "changed their password",
    "second_factor.on": "set up a second factor",
    "second_factor.off": "switched a second factor off",
    "second_factor.recovery_codes": "made new recovery codes",
    "single_sign_on.link": "signed in by single sign-on for the first time",
    "settings.change": "changed the settings",
    "tenant.create": "made the organisation",
    "tenant.transfer": "handed the organisation over",
    "tenant.suspend": "suspended the organisation",
    "tenant.resume": "let the organisation go on",
    "tenant.export": "took out everything",
    "tenant.leave": "asked for the organisation to be deleted",
    "tenant.stay": "called the deletion off",
    "tenant.delete": "deleted the organisation",
    "billing.details": "changed who pays",
    "budget.change": "changed the budget",
    "budget.threshold": "noted that much of the budget is used",
    "plan.prices": "set a plan's prices",
    "invoice.issue": "issued an invoice",
    "invoice.credit": "took an invoice back",
    "invoice.payment": "noted a payment",
    "credit.grant": "granted a credit",
    "usage.threshold": "noted that much of a quota is used",
    "job.submit": "sent a document",
    "job.end": "ended a job",
    "job.cancel": "cancelled a job",
    "job.retry": "had a job tried again",
    "job.link": "made links to a job's files",
    "job.download": "was given a document or result",
    "job.delete": "deleted a job",
    "job.expire": "removed a document whose time was over",
    "batch.submit": "sent a batch",
    "batch.end": "ended a batch",
    "batch.cancel": "cancelled a batch",
    "batch.retry": "had a batch tried again",
    "batch.download": "was given a batch's results",
    "batch.delete": "deleted a batch",
    "filter.save": "saved a filter of the list of jobs",
    "filter.delete": "deleted a saved filter",
    "compare.submit": "had engines compared",
    "compare.delete": "deleted a comparison",
    "field.correct": "corrected or confirmed a field",
    "review.take": "took a review",
    "review.release": "gave a review back",
    "review.confirm": "confirmed a document's fields",
    "template.create": "made a template",
    "template.update": "changed a template",
    "template.restore": "restored a template's version",
    "template.learn": "had a template learn",
    "template.delete": "deleted a template",
    "dataset.create": "made a dataset",
    "dataset.add": "put an example into a dataset",
    "dataset.import": "took corrected pages over into a dataset",
    "dataset.remove": "took an example out of a dataset",
    "dataset.export": "was given a dataset",
    "dataset.delete": "deleted a dataset",
    "training.submit": "began a training run",
    "training.end": "ended a training run",
    "training.cancel": "cancelled a training run",
    "training.delete": "deleted a training run",
    "own_engine.promote": "let an own engine read with another adapter",
    "own_engine.roll_back": "let an own engine read as before",
    "own_engine.delete": "deleted an own engine",
    "webhook.create": "made a webhook",
    "webhook.update": "changed a webhook",
    "webhook.delete": "deleted a webhook",
    "webhook.rotate": "changed a webhook's secret",
    "webhook.disable": "switched a webhook off",
    "webhook.ping": "sent a test to a webhook",
    "callback.rotate": "changed the secret of callbacks",
    "delivery.replay": "sent a delivery again",
    "engine.reset": "had an engine on another machine asked again at once",
    "admin.add": "added, as an operator",
    "admin.change": "changed, as an operator",
    "admin.delete": "deleted, as an operator",
    "audit.export": "exported the audit log",
    "audit.prune": "took old entries out of the audit log",
}


def words_of(action: str) -> str:
    """The action in plain words; itself where the table lacks it."""
    return ACTIONS.get(action, action)


def those_of(wanted: str) -> list[str]:
    """The actions that ``wanted`` means: one, or all of a group. Itself where it is neither."""
    return [name for name in ACTIONS if name.startswith(f"{wanted}.")] or [wanted]


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """For a form: the groups, in each all of it and, where there are several, its actions."""
    return [
        (
            title,
            [(group, f"All: {title.lower()}"), *_of(group)] if len(_of(group)) > 1 else _of(group),
        )
        for group, title in GROUPS.items()
        if _of(group)
    ]


def _of(group: str) -> list[tuple[str, str]]:
    return [(name, words) for name, words in ACTIONS.items() if name.startswith(f"{group}.")]
