"""What each route and method needs: said once more, beside the views, so that a wrong one is found.

A route without a row here fails tests/test_permission_table.py, which calls every one of them as
every role and with every scope. ``SECRET_KEY=x python -m tests.permission_table`` writes
docs/permissions.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocrsite.settings")  # for gettext, at import

from accounts.permissions import ACTIONS, ROLES, SCOPES

PAGE = Path(__file__).resolve().parent.parent / "docs/permissions.md"
# Besides the actions of accounts/permissions.py
ANYBODY = "anybody"
SIGNED_IN = "anybody signed in"

READ, WRITE, CANCEL = "jobs:read", "jobs:write", "jobs:cancel"
CORRECT, TEMPLATES, WEBHOOKS = "fields:correct", "templates:write", "webhooks:write"
TRAIN = "training:write"
USAGE, KEYS, SETTINGS = "usage:read", "keys:manage", "settings:write"
AUDIT, BILLING, PAYS = "audit:read", "billing:read", "billing:manage"
EXPORT, DELETE = "tenant:export", "tenant:delete"
MEMBERS, MANAGE, TRANSFER = "members:read", "members:manage", "tenant:transfer"

NEEDS: dict[str, dict[str, str]] = {
    "api/v1/classify": {"post": WRITE},
    "api/v1/ocr/jobs": {"get": READ, "post": WRITE},
    "api/v1/ocr/jobs/<uuid:pk>": {"get": READ, "delete": WRITE},
    "api/v1/ocr/jobs/<uuid:pk>/cancel": {"post": CANCEL},
    "api/v1/ocr/jobs/<uuid:pk>/events": {"get": READ},
    "api/v1/ocr/jobs/<uuid:pk>/links": {"post": READ},
    "api/v1/ocr/jobs/<uuid:pk>/retry": {"post": WRITE},
    "api/v1/ocr/jobs/<uuid:pk>/pages": {"get": READ},
    "api/v1/ocr/jobs/<uuid:pk>/pages/<int:number>": {"get": READ},
    "api/v1/ocr/jobs/<uuid:pk>/result.<format:name>": {"get": READ},
    "api/v1/ocr/jobs/<uuid:pk>/fields/<field:field>": {"get": READ, "put": CORRECT},
    "api/v1/links/<str:token>": {"get": ANYBODY},
    "api/v1/batches": {"get": READ, "post": WRITE},
    "api/v1/batches/<uuid:pk>": {"get": READ, "delete": WRITE},
    "api/v1/batches/<uuid:pk>/cancel": {"post": CANCEL},
    "api/v1/batches/<uuid:pk>/events": {"get": READ},
    "api/v1/batches/<uuid:pk>/retry": {"post": WRITE},
    "api/v1/batches/<uuid:pk>/export.<export:name>": {"get": READ},
    "api/v1/compare": {"get": READ, "post": WRITE},
    "api/v1/compare/<uuid:pk>": {"get": READ, "delete": WRITE},
    "api/v1/datasets": {"get": READ, "post": TRAIN},
    "api/v1/datasets/<uuid:pk>": {"get": READ, "delete": TRAIN},
    "api/v1/datasets/<uuid:pk>/corrections": {"post": TRAIN},
    "api/v1/datasets/<uuid:pk>/examples": {"get": READ, "post": TRAIN},
    "api/v1/datasets/<uuid:pk>/examples/<uuid:example>": {"delete": TRAIN},
    "api/v1/datasets/<uuid:pk>/export": {"get": READ},
    "api/v1/training-runs": {"get": READ, "post": TRAIN},
    "api/v1/training-runs/<uuid:pk>": {"get": READ, "delete": TRAIN},
    "api/v1/training-runs/<uuid:pk>/cancel": {"post": TRAIN},
    "api/v1/training-runs/<uuid:pk>/promote": {"post": TRAIN},
    "api/v1/own-engines": {"get": READ},
    "api/v1/own-engines/<own:name>": {"get": READ, "delete": TRAIN},
    "api/v1/own-engines/<own:name>/rollback": {"post": TRAIN},
    "api/v1/metrics/models": {"get": USAGE},
    "api/v1/metrics/leaderboard": {"get": USAGE},
    "api/v1/cache": {"get": USAGE},
    "api/v1/reviews": {"get": READ},
    "api/v1/reviews/<uuid:pk>": {"get": READ},
    "api/v1/reviews/<uuid:pk>/take": {"post": CORRECT},
    "api/v1/reviews/<uuid:pk>/release": {"post": CORRECT},
    "api/v1/reviews/<uuid:pk>/confirm": {"post": CORRECT},
    "review": {"get": CORRECT},
    "review/next": {"post": CORRECT},
    "review/<uuid:pk>": {"get": CORRECT},
    "review/<uuid:pk>/take": {"post": CORRECT},
    "review/<uuid:pk>/leave": {"post": CORRECT},
    "review/<uuid:pk>/release": {"post": CORRECT},
    "review/<uuid:pk>/skip": {"post": CORRECT},
    "review/<uuid:pk>/confirm": {"post": CORRECT},
    "review/<uuid:pk>/text": {"get": CORRECT},
    "review/<uuid:pk>/fields/<field:field>": {"post": CORRECT},
    "api/v1/models": {"get": READ},
    "api/v1/fields": {"get": READ},
    "api/v1/templates": {"get": READ, "post": TEMPLATES},
    "api/v1/templates/test": {"post": READ},
    "api/v1/templates/propose": {"post": READ},
    "api/v1/templates/<template:name>": {"get": READ, "put": TEMPLATES, "delete": TEMPLATES},
    "api/v1/templates/<template:name>/versions": {"get": READ},
    "api/v1/templates/<template:name>/restore": {"post": TEMPLATES},
    "api/v1/templates/<template:name>/learn": {"post": TEMPLATES},
    "api/v1/usage": {"get": USAGE},
    "api/v1/usage.csv": {"get": USAGE},
    "api/v1/service-level": {"get": USAGE},
    "api/v1/webhooks": {"get": WEBHOOKS, "post": WEBHOOKS},
    "api/v1/webhooks/callback-secret": {"post": WEBHOOKS},
    "api/v1/webhooks/deliveries": {"get": WEBHOOKS},
    "api/v1/webhooks/deliveries/<uuid:pk>": {"get": WEBHOOKS},
    "api/v1/webhooks/deliveries/<uuid:pk>/replay": {"post": WEBHOOKS},
    "api/v1/webhooks/<uuid:pk>": {"get": WEBHOOKS, "patch": WEBHOOKS, "delete": WEBHOOKS},
    "api/v1/webhooks/<uuid:pk>/rotate": {"post": WEBHOOKS},
    "api/v1/webhooks/<uuid:pk>/ping": {"post": WEBHOOKS},
    "api/v1/auth/token": {"post": ANYBODY},
    "api/v1/auth/token/refresh": {"post": ANYBODY},
    "api/v1/auth/token/revoke": {"post": ANYBODY},
    "api/v1/auth/me": {"get": SIGNED_IN},
    "api/v1/keys": {"get": KEYS, "post": KEYS},
    "api/v1/keys/<uuid:pk>": {"get": KEYS, "patch": KEYS, "delete": KEYS},
    "api/v1/keys/<uuid:pk>/rotate": {"post": KEYS, "delete": KEYS},
    "api/v1/organisation/settings": {"get": READ, "patch": SETTINGS},
    "api/v1/members": {"get": MEMBERS},
    "api/v1/members/leave": {"post": MEMBERS},
    "api/v1/members/transfer": {"post": TRANSFER},
    "api/v1/members/<uuid:pk>": {"get": MANAGE, "patch": MANAGE, "delete": MANAGE},
    "api/v1/invitations": {"get": MANAGE, "post": MANAGE},
    "api/v1/invitations/<uuid:pk>": {"get": MANAGE, "delete": MANAGE},
    "api/v1/invitations/<uuid:pk>/resend": {"post": MANAGE},
    "api/v1/organisation": {"delete": DELETE},
    "api/v1/organisation/export.zip": {"get": EXPORT},
    "api/v1/audit": {"get": AUDIT},
    "api/v1/calls": {"get": USAGE},
    "api/v1/audit.csv": {"get": AUDIT},
    "api/v1/billing": {"get": BILLING},
    "api/v1/invoices": {"get": BILLING},
    "api/v1/invoices/<uuid:pk>": {"get": BILLING},
    "api/v1/invoices/<uuid:pk>.pdf": {"get": BILLING},
    "api/v1/invoices/<uuid:pk>.csv": {"get": BILLING},
    "api/v1/health": {"get": ANYBODY},
    "api/v1/schema": {"get": ANYBODY},
    "api/v1/docs": {"get": ANYBODY},
    "": {"get": READ},
    "steps/hide": {"post": WRITE},
    "favicon.ico": {"get": ANYBODY},
    "language": {"post": ANYBODY},
    "style": {"get": "jobs:read"},
    "console": {"get": READ},
    "console/calls": {"get": USAGE},
    "console/again": {"get": READ},
    "console/token": {"post": READ},
    "console/do/<str:name>": {"get": READ},
    "login": {"get": ANYBODY, "post": ANYBODY, "put": ANYBODY},
    "login/code": {"get": ANYBODY, "post": ANYBODY},
    "login/sso": {"get": ANYBODY},
    "login/sso/callback": {"get": ANYBODY},
    "admin/login/": {"get": ANYBODY, "post": ANYBODY},
    "admin/password_change/": {"get": ANYBODY},
    "password-reset": {"get": ANYBODY, "post": ANYBODY},
    "password-reset/<uidb64>/<token>": {"get": ANYBODY, "post": ANYBODY},
    "account": {"get": ANYBODY},
    "account/password": {"get": SIGNED_IN, "post": SIGNED_IN},
    "account/second-factor": {"get": SIGNED_IN, "post": SIGNED_IN},
    "account/sessions": {"get": SIGNED_IN},
    "account/sessions/end-others": {"post": SIGNED_IN},
    "account/sessions/<uuid:pk>/end": {"post": SIGNED_IN},
    "logout": {"post": SIGNED_IN},
    "switch-tenant": {"post": SIGNED_IN},
    "organisation": {"get": READ, "post": SETTINGS},
    "organisation/members": {"get": MEMBERS, "post": MANAGE},
    "organisation/members/leave": {"get": MEMBERS, "post": MEMBERS},
    "organisation/members/<uuid:pk>": {"get": MANAGE, "post": MANAGE},
    "organisation/members/<uuid:pk>/remove": {"get": MANAGE, "post": MANAGE},
    "organisation/members/<uuid:pk>/transfer": {"get": TRANSFER, "post": TRANSFER},
    "organisation/invitations/<uuid:pk>/resend": {"post": MANAGE},
    "organisation/invitations/<uuid:pk>/revoke": {"post": MANAGE},
    "invitations/<str:token>": {"get": ANYBODY, "post": ANYBODY},
    "organisation/keys": {"get": KEYS},
    "organisation/keys/new": {"get": KEYS, "post": KEYS},
    "organisation/keys/<uuid:pk>": {"get": KEYS, "post": KEYS},
    "organisation/keys/<uuid:pk>/rotate": {"get": KEYS, "post": KEYS},
    "organisation/keys/<uuid:pk>/end-rotation": {"post": KEYS},
    "organisation/keys/<uuid:pk>/revoke": {"get": KEYS, "post": KEYS},
    "organisation/leave": {"get": DELETE, "post": DELETE},
    "organisation/export.zip": {"get": EXPORT},
    "organisation/audit": {"get": AUDIT},
    "organisation/audit.csv": {"get": AUDIT},
    "analytics": {"get": USAGE},
    "analytics/by-<slug:table>.csv": {"get": USAGE},
    "organisation/service-level": {"get": USAGE},
    "organisation/service-level.csv": {"get": USAGE},
    "organisation/webhooks": {"get": WEBHOOKS},
    "organisation/webhooks/new": {"get": WEBHOOKS, "post": WEBHOOKS},
    "organisation/webhooks/callback-secret": {"get": WEBHOOKS, "post": WEBHOOKS},
    "organisation/webhooks/deliveries": {"get": WEBHOOKS},
    "organisation/webhooks/deliveries/<uuid:pk>": {"get": WEBHOOKS},
    "organisation/webhooks/deliveries/<uuid:pk>/replay": {"post": WEBHOOKS},
    "organisation/webhooks/<uuid:pk>": {"get": WEBHOOKS, "post": WEBHOOKS},
    "organisation/webhooks/<uuid:pk>/ping": {"post": WEBHOOKS},
    "organisation/webhooks/<uuid:pk>/switch": {"post": WEBHOOKS},
    "organisation/webhooks/<uuid:pk>/rotate": {"get": WEBHOOKS, "post": WEBHOOKS},
    "organisation/webhooks/<uuid:pk>/delete": {"get": WEBHOOKS, "post": WEBHOOKS},
    "organisation/billing": {"get": BILLING},
    "organisation/billing/budget": {"get": PAYS, "post": PAYS},
    "organisation/billing/details": {"get": PAYS, "post": PAYS},
    "organisation/invoices/<uuid:pk>": {"get": BILLING},
    "organisation/invoices/<uuid:pk>.pdf": {"get": BILLING},
    "organisation/invoices/<uuid:pk>.csv": {"get": BILLING},
    "batches": {"get": READ},
    "batches/new": {"get": WRITE, "post": WRITE},
    "batches/<uuid:pk>": {"get": READ},
    "batches/<uuid:pk>/cancel": {"post": CANCEL},
    "batches/<uuid:pk>/retry": {"post": WRITE},
    "batches/<uuid:pk>/delete": {"post": WRITE},
    "batches/<uuid:pk>/export.<export:name>": {"get": READ},
    "jobs": {"get": READ},
    "jobs/sample": {"post": WRITE},
    "jobs/uploads": {"get": READ},
    "jobs/filters": {"post": READ},
    "jobs/filters/<uuid:pk>/delete": {"post": READ},
    "jobs/new": {"get": WRITE, "post": WRITE},
    "jobs/selected": {"post": READ},
    "jobs/<uuid:pk>": {"get": READ},
    "jobs/<uuid:pk>/cancel": {"post": CANCEL},
    "jobs/<uuid:pk>/retry": {"post": WRITE},
    "jobs/<uuid:pk>/delete": {"post": WRITE},
    "jobs/<uuid:pk>/work": {"get": READ},
    "jobs/<uuid:pk>/again": {"post": WRITE},
    "jobs/<uuid:pk>/fields/<field:field>": {"post": CORRECT},
    "jobs/<uuid:pk>/pages/<int:number>.jpg": {"get": READ},
    "jobs/<uuid:pk>/pages/<int:number>-small.jpg": {"get": READ},
    "jobs/<uuid:pk>/pages/<int:number>/tables/<int:block>.<table:name>": {"get": READ},
    "jobs/<uuid:pk>/result.<format:name>": {"get": READ},
    "compare": {"get": READ, "post": WRITE},
    "compare/engines": {"get": ANYBODY},
    "models": {"get": READ},
    "compare/<uuid:pk>": {"get": READ},
    "compare/<uuid:pk>/delete": {"post": WRITE},
    "templates": {"get": READ},
    "templates/new": {"get": TEMPLATES, "post": TEMPLATES},
    "templates/propose": {"get": TEMPLATES, "post": TEMPLATES},
    "templates/import": {"get": TEMPLATES, "post": TEMPLATES},
    "templates/<template:name>": {"get": READ, "post": TEMPLATES},
    "templates/<template:name>.json": {"get": READ},
    "templates/<template:name>/versions": {"get": READ},
    "templates/<template:name>/restore": {"post": TEMPLATES},
    "templates/<template:name>/learning": {"get": READ, "post": TEMPLATES},
    "templates/<template:name>/delete": {"get": TEMPLATES, "post": TEMPLATES},
    "fine-tuning": {"get": READ, "post": TRAIN},
    "fine-tuning/datasets/<uuid:pk>": {"get": READ, "post": TRAIN},
    "fine-tuning/datasets/<uuid:pk>/corrections": {"post": TRAIN},
    "fine-tuning/datasets/<uuid:pk>/examples": {"post": TRAIN},
    "fine-tuning/datasets/<uuid:pk>/export": {"get": READ},
    "fine-tuning/datasets/<uuid:pk>/delete": {"post": TRAIN},
    "fine-tuning/runs/<uuid:pk>": {"get": READ},
    "fine-tuning/runs/<uuid:pk>/cancel": {"post": TRAIN},
    "fine-tuning/runs/<uuid:pk>/delete": {"post": TRAIN},
    "fine-tuning/runs/<uuid:pk>/promote": {"post": TRAIN},
    "fine-tuning/engines/<own:name>/rollback": {"post": TRAIN},
}


def page() -> str:
    """docs/permissions.md."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield from """# Who may do what

One table in the code (`accounts/permissions.py`) says which actions a role and a scope allow; each
view names the action that each of its methods needs. Tests call every route with every method as
every role, with every scope alone and without credentials, and compare with the tables here:
what is refused answers 403 (401, or the sign-in page, without credentials) and changes nothing.
A route that is missing here fails them. This page is made by `python -m tests.permission_table`.

Another organisation's objects are missing to everybody, whatever they may do: 404.

## Actions
""".splitlines()
    roles, scopes = list(ROLES), list(SCOPES)
    yield f"| action | | {' | '.join(str(role) for role in roles)} | scopes of a key |"
    yield f"|---|---|{'---|' * (len(roles) + 1)}"
    for action, meaning in ACTIONS.items():
        by_role = " | ".join("yes" if action in ROLES[role] else "" for role in roles)
        by_scope = ", ".join(f"`{scope}`" for scope in scopes if action in SCOPES[scope])
        yield f"| `{action}` | {meaning} | {by_role} | {by_scope} |"
    for title, wanted in (("API", True), ("Pages", False)):
        yield from ("", f"## {title}", "", "| request | needs |", "|---|---|")
        for route, methods in NEEDS.items():
            if route.startswith("api/") is wanted:
                path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route).replace("{pk}", "{id}")
                for method, needed in methods.items():
                    shown = f"`{needed}`" if needed in ACTIONS else needed
                    yield f"| `{method.upper()} {path}` | {shown} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page())
