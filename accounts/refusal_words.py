"""Why accounts, members and keys refuse something, as pages say it."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext

from accounts.limits import RateLimited
from accounts.sentences import Sentences

_SENTENCES = Sentences(
    (
        # members and invitations
        _("The organisation would be left without an owner."),
        _("Make somebody else an owner first."),
        _("Choose another member."),
        _("This person's account is switched off."),
        _("Only an owner may give, change or take away an owner's role."),
        _("Only an owner can hand the organisation over."),
        _("You are not a member any more."),
        _("This person is a member already."),
        _("This address has been invited already: send that one again."),
        _("The invitation was accepted or withdrawn."),
        _("The organisation has as many open invitations as allowed."),
        # keys
        _("At most %(most)s live API keys: revoke those not in use."),
        _("A revoked key stays as it is: make another one."),
        _("Only a live key can be rotated."),
        _("These scopes allow more than you may do: %(scopes)s."),
        _("The key may not be used from more networks than yours."),
        _("The key may not be valid for longer than yours."),
        _("A key needs at least one scope."),
        _("At most %(most)s networks; these are %(count)s."),
        _("'%(text)s' has bits right of its mask; the whole network is %(network)s."),
        _("'%(text)s' is no network: write it as 203.0.113.0/24 or 2001:db8::/32."),
        # billing
        _("The organisation's plan has no prices."),
        _("%(number)s is no VAT number of %(country)s."),
        # pages that refuse
        _("This account does not belong to an active organisation."),
        _("Your role does not allow this any more."),
        _("Sign in first."),
        _("This is for the operators of this site."),
        _("There is no such place in the list."),
        _("There is no such name."),
        _("There is no such version."),
        _("These are no days."),
        _("A filter is not valid."),
        _("Text is read as UTF-8 alone."),
        _("A cookie holds a NUL character."),
        _("%(name)s '%(value)s' is not one of: %(choices)s"),
        _("%(name)s is no id."),
        _("%(name)s is true or false."),
        _("%(name)s is an ISO 8601 date or time, for example 2026-11-26."),
        _("q is too long."),
    )
)


def wait_words(error: RateLimited) -> str:
    """What to do about too many calls."""
    seconds = error.wait
    return ngettext(
        "Wait %(seconds)s second, then do it again.",
        "Wait %(seconds)s seconds, then do it again.",
        seconds,
    ) % {"seconds": seconds}


def refusal_words(english: str) -> str:
    """The sentence in the language of the page; in English where it has no translation."""
    return _SENTENCES.said(english) or english
