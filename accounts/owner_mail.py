"""E-mails to those who own an organisation."""

from __future__ import annotations

from django.core.mail import EmailMessage

from accounts.models import Membership, Tenant
from accounts.permissions import Role


def tell_owners(
    tenant: Tenant,
    subject: str,
    text: str,
    *,
    instead: str = "",
    pdf: tuple[str, bytes] | None = None,
) -> None:
    """Send it to the owners, or to the address ``instead``, with the PDF of that name and content.

    The subject begins with the organisation's name. Owners are told of one that is switched off
    too: it still owes what it owes. Raises what the mail server answers.
    """
    owners = Membership.objects.for_tenant(tenant).filter(role=Role.OWNER, user__is_active=True)
    to = [instead] if instead else list(owners.order_by("pk").values_list("user__email", flat=True))
    message = EmailMessage(f"{one_line(tenant.name)}: {subject}", text, None, to)
    if pdf is not None:
        message.attach(*pdf, "application/pdf")
    message.send()


def one_line(name: str) -> str:
    """The name for a header, in which a line break would be a new one."""
    return " ".join(name.split())
