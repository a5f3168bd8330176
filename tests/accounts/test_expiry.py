"""accounts/expiry.py"""

from datetime import timedelta

from axes.models import AccessAttempt
from django.db.models import F
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import expiry
from accounts.models import Session, TokenFamily
from tests.people import Organisation
from tests.signing_in import by_api, by_page, refresh

TABLES = (Session, OutstandingToken, TokenFamily, AccessAttempt)


def test_what_is_over_goes_and_the_rest_stays(acme: Organisation) -> None:
    def rows() -> list[int]:
        return [table.objects.count() for table in TABLES]

    by_page(acme.owner.email, client=Client())
    refresh(by_api(acme.owner.email).json()["refresh"])
    by_api(acme.owner.email, "wrong")
    assert (expiry.remove_expired(lambda: False), rows()) == (0, [1, 2, 1, 1])
    over = timezone.now() - timedelta(seconds=1)
    Session.objects.update(expire_date=over)
    OutstandingToken.objects.update(expires_at=over)
    TokenFamily.objects.update(expires_at=over)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(seconds=901))
    assert (expiry.remove_expired(lambda: True), rows()) == (0, [1, 2, 1, 1])
    assert (expiry.remove_expired(lambda: False), rows()) == (5, [0, 0, 0, 0])
    assert BlacklistedToken.objects.count() == 0
