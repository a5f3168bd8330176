"""What the owners of an organisation that is deleted are told by e-mail."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts import clock, closing
from accounts.models import Departure, Tenant
from accounts.owner_mail import one_line
from accounts.seldom import Seldom

logger = logging.getLogger(__name__)

tries = Seldom(600)


def told(departure: Departure, template: str, *, until: datetime) -> bool:
    """Whether the e-mail was sent, or is given up; else it is tried again a while later.

    One to all owners: if each had their own, those before an address that the server refuses would
    have it again with every try.
    """
    if tries.due((departure.pk, template)) is None:
        return clock.now() > until
    tenant = Tenant.objects.filter(pk=departure.pk).first()
    billed = tenant is not None and closing.is_billed(tenant)
    context = {"departure": departure, "site": settings.SITE_URL, "billed": billed}
    subject = f"{one_line(departure.name)}: the organisation is deleted"
    try:
        send_mail(
            subject, render_to_string(f"jobs/{template}.txt", context), None, departure.owners
        )
    except Exception:
        logger.exception("the owners of organisation %s could not be told", departure.pk)
        return clock.now() > until
    tries.forget((departure.pk, template))
    return True
