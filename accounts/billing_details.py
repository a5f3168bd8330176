"""Who pays for an organisation: what owners say of it, checked and written to the audit log."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction

from accounts import audit, seniority
from accounts.models import BillingDetails, Tenant
from accounts.tenancy import Actor

MANAGE = "billing:manage"


class WrongTaxNumber(ValueError):
    """The number is none that the country gives."""


@dataclass(frozen=True, slots=True)
class Details:
    """As of `BillingDetails`; the tax rate is the operators'."""

    name: str
    address: str
    country: str
    tax_id: str = ""
    email: str = ""
    reference: str = ""


def details_of(tenant: Tenant) -> Details | None:
    """What was said last; None where nothing was."""
    row = BillingDetails.objects.for_tenant(tenant).first()
    return Details(**{name: getattr(row, name) for name in Details.__slots__}) if row else None


def checked_tax_number(country: str, number: str) -> str:
    """The number as its country writes it, with its checksum looked at where that is known.

    Raises ``WrongTaxNumber``.
    """
    from stdnum import get_cc_module  # slow to load
    from stdnum.exceptions import ValidationError

    number = " ".join(number.split())
    try:
        module: Any = get_cc_module(country.lower(), "vat")
    except Exception:  # names of countries that are no module's
        module = None
    if not number or module is None:
        return number
    try:
        compact = module.validate(number)
    except ValidationError as error:
        raise WrongTaxNumber(f"{number} is no VAT number of {country}.") from error
    from stdnum.eu import vat

    in_union = country.lower() in vat.MEMBER_STATES and not compact.startswith(country)
    return f"{country}{compact}" if in_union else compact


def change_details(actor: Actor, wanted: Details, *, address: str | None) -> bool:
    """Write down who pays; False if nothing differs.

    Raises ``WrongTaxNumber``, and PermissionDenied where the actor may no longer do it.
    """
    wanted = replace(wanted, tax_id=checked_tax_number(wanted.country, wanted.tax_id))
    with transaction.atomic():
        actor = seniority.under_lock(actor, MANAGE)
        tenant = actor.tenant
        old = details_of(tenant)
        if old == wanted:
            return False
        BillingDetails.objects.update_or_create(tenant=tenant, defaults=asdict(wanted))
        audit.record(
            actor=actor,
            tenant=tenant,
            action="billing.details",
            obj=tenant,
            before=asdict(old) if old else None,
            after=asdict(wanted),
            address=address,
        )
    return True
