"""The e-mail that carries an invitation's link: plain text, with names that cannot do anything."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import gettext, ngettext

from accounts.models import Invitation
from accounts.names import clean_name
from accounts.permissions import in_sentence

logger = logging.getLogger(__name__)
NONE_SENT = "This installation sends no e-mail."
NOT_SENT = "The e-mail could not be sent."
MOST = 80  # characters of a name


def send(invitation: Invitation, link: str) -> str:
    """Send the link; "" if the mail server took it, else why not. Never raises."""
    if not settings.EMAIL_URL:
        return NONE_SENT
    subject, text = letter(invitation, link)
    try:
        send_mail(subject, text, None, [invitation.email])
    except Exception as error:  # whatever a mail server does, the invitation stands
        logger.warning("an invitation could not be sent: %s", type(error).__name__)
        return NOT_SENT
    return ""


def letter(invitation: Invitation, link: str) -> tuple[str, str]:
    """Subject and text, in the language of whoever invites."""
    organisation = inert(invitation.tenant.name)
    hours = settings.INVITATION_HOURS
    text = ngettext(
        "%(inviter)s invites %(email)s to join the organisation “%(organisation)s” on OCRSite, as "
        "%(role)s.\n\n"
        "To accept, open this link within %(hours)s hour. It works once, so keep it to yourself:"
        "\n\n%(link)s\n\n"
        "If you expected no invitation, do nothing: without the link nobody can accept it.\n",
        "%(inviter)s invites %(email)s to join the organisation “%(organisation)s” on OCRSite, as "
        "%(role)s.\n\n"
        "To accept, open this link within %(hours)s hours. It works once, so keep it to yourself:"
        "\n\n%(link)s\n\n"
        "If you expected no invitation, do nothing: without the link nobody can accept it.\n",
        hours,
    )
    told = {
        "inviter": _inviter(invitation) or organisation,
        "email": invitation.email,
        "organisation": organisation,
        "role": in_sentence(invitation.role),
        "hours": hours,
        "link": link,
    }
    return gettext("Invitation to %(organisation)s") % {"organisation": organisation}, text % told


def inert(name: str) -> str:
    """A name on one line and of bounded length, in which no mail program sees a link.

    Cleaned like all names: a line break would be a new header, a direction mark would reorder the
    text. ``://`` goes, ``@`` is spelled out, words end at dots.
    """
    shown = clean_name(name)
    shown = " ".join(shown.replace("://", " ").replace("@", " at ").replace(".", ". ").split())
    return shown if len(shown) <= MOST else shown[: MOST - 1].rstrip() + "…"


def _inviter(invitation: Invitation) -> str:
    person = invitation.invited_by
    if person is None:
        return ""
    return f"{inert(person.name)} ({person.email})" if person.name else person.email
