"""The rows of accounts, by what they are about; import them from here."""

from accounts.models.audit import AuditEntry, AuditSeal
from accounts.models.billing import (
    BillingDetails,
    Budget,
    ClosedUsage,
    Closing,
    Credit,
    CreditUse,
    Invoice,
    NumberSeries,
)
from accounts.models.keys import KEY_STATES, ApiKey, ApiKeyQuerySet
from accounts.models.people import LowerCaseEmailField, User, UserManager
from accounts.models.plans import (
    CURRENCY,
    NOT_NEGATIVE,
    Plan,
    PlanPrice,
    PlanTerms,
    Subscription,
    TurnaroundObjective,
)
from accounts.models.sessions import Session, TokenFamily
from accounts.models.tenants import (
    FEWEST_DPI,
    MOST_DPI,
    Departure,
    Invitation,
    Membership,
    MembershipQuerySet,
    Tenant,
    TextLayer,
    WhenEngineAway,
)
from accounts.models.usage import (
    CallSum,
    QuotaUse,
    Reservation,
    ThresholdNotice,
    UsageRecord,
    UsageSum,
)

__all__ = [
    "CURRENCY",
    "FEWEST_DPI",
    "KEY_STATES",
    "MOST_DPI",
    "NOT_NEGATIVE",
    "ApiKey",
    "ApiKeyQuerySet",
    "AuditEntry",
    "AuditSeal",
    "BillingDetails",
    "Budget",
    "CallSum",
    "ClosedUsage",
    "Closing",
    "Credit",
    "CreditUse",
    "Departure",
    "Invitation",
    "Invoice",
    "LowerCaseEmailField",
    "Membership",
    "MembershipQuerySet",
    "NumberSeries",
    "Plan",
    "PlanPrice",
    "PlanTerms",
    "QuotaUse",
    "Reservation",
    "Session",
    "Subscription",
    "Tenant",
    "TextLayer",
    "ThresholdNotice",
    "TokenFamily",
    "TurnaroundObjective",
    "UsageRecord",
    "UsageSum",
    "User",
    "UserManager",
    "WhenEngineAway",
]
