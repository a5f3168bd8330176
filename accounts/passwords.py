"""Passwords: changed by who knows the old one, reset by who reads the account's e-mail.

Either ends all sessions and tokens of the person, but the session that changed it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import connection, transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import get_language, gettext, override

from accounts import audit, clock, request_ids, signins
from accounts.models import AuditEntry, User
from accounts.row_security import unscoped

logger = logging.getLogger(__name__)

RESET_PAUSE = timedelta(minutes=5)  # between two links for the same person
LINK = "password.link"


def change(user: User, new: str, *, session_key: str | None, address: str | None) -> None:
    """Set the new password, which the form has checked, in place of one that the person knew."""
    _set(user, new, "password.change", session_key, address)


def reset(user: User, new: str, *, address: str | None) -> None:
    """Set the new password for who came by a link; the link serves no more."""
    _set(user, new, "password.reset", None, address)


def drop(user: User) -> bool:
    """Leave the account without a password and nobody signed in; whether it had one.

    To be called inside the transaction that says why in the audit log.
    """
    had = user.has_usable_password()
    user.set_unusable_password()
    user.save(update_fields=["password"])
    signins.end_after_new_password(user, session_key=None)
    return had


def send_link(email: str, *, address: str | None) -> None:
    """Send a reset link to the active person of this address, if there is one.

    Returns at once, whoever that is: the work is done by a thread, so that neither the answer nor
    its time tells whether the address is known.
    """
    _in_background(lambda: _send_link(email, address))


def _set(user: User, new: str, action: str, session_key: str | None, address: str | None) -> None:
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        signins.end_after_new_password(user, session_key=session_key)
        audit.record(
            actor=user, tenant=audit.home_tenant(user), action=action, obj=user, address=address
        )


@unscoped()
def _send_link(email: str, address: str | None) -> None:
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email, is_active=True).first()
        if user is None or _was_sent_lately(user):
            return
        audit.record(
            actor=email, tenant=audit.home_tenant(user), action=LINK, obj=user, address=address
        )
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    link = settings.SITE_URL.rstrip("/") + reverse("password-reset-link", args=[uid, token])
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    text = gettext(
        "Somebody, perhaps you, asked for a new password for %(email)s.\n\n"
        "Set it within %(minutes)s minutes here:\n%(link)s\n\n"
        "If it was not you, nothing has changed and there is nothing to do.\n"
    ) % {"email": user.email, "minutes": minutes, "link": link}
    send_mail(gettext("Set a new password for OCRSite"), text, None, [user.email])


def _was_sent_lately(user: User) -> bool:
    return AuditEntry.objects.filter(
        object_type=User._meta.label_lower,
        object_id=str(user.pk),
        action=LINK,
        at__gt=clock.now() - RESET_PAUSE,
    ).exists()


def _in_background(work: Callable[[], None]) -> None:
    """In the language of the page that asks for it."""
    name, language = request_ids.current(), get_language()

    def run() -> None:
        try:
            with request_ids.named(name), override(language):
                try:
                    work()
                except Exception:
                    logger.exception("the link for a new password was not sent")
        finally:
            connection.close()

    threading.Thread(target=run, name="password-link", daemon=True).start()
