"""The pages about an organisation's members and its invitations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from accounts import clock, invitations, limits, members
from accounts.audit import address_of
from accounts.member_errors import AlreadyInvited, AlreadyMember, MemberRefusal
from accounts.member_forms import ConfirmForm, InviteForm, RemoveForm, RoleForm
from accounts.models import Invitation, Membership
from accounts.organisation_views import OrganisationPageMixin
from accounts.permissions import in_sentence
from accounts.reauthentication import is_confirmed, what_to_do
from accounts.refusal_words import refusal_words
from accounts.seniority import MANAGE, roles_to_give
from accounts.tenancy import TENANT_KEY, actor_of

READ = "members:read"
ROWS = 100  # members on one page of the list


class MembersPageMixin(OrganisationPageMixin):
    """What these pages share: their refusals, shown with what to do, and the tenant's rows."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As ever; a refusal becomes a page of its own."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except MemberRefusal as error:
            context = {
                "title": _(error.title),
                "detail": refusal_words(str(error.detail)),
            }
            return self.shown(request, "accounts/refused.html", context, error.status_code)

    def member(self, request: HttpRequest, pk: UUID) -> Membership:
        """The member who is this person; another tenant's is missing."""
        rows = Membership.objects.for_tenant(actor_of(request).tenant).select_related("user")
        return get_object_or_404(rows, user_id=pk)

    def invitation(self, request: HttpRequest, pk: UUID) -> Invitation:
        """The tenant's invitation."""
        return get_object_or_404(Invitation.objects.for_tenant(actor_of(request).tenant), pk=pk)

    def all_members(
        self,
        request: HttpRequest,
        form: InviteForm | None = None,
        sent: invitations.Sent | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Members and, for who may invite, form and open invitations; the link of ``sent``."""
        actor = actor_of(request)
        rows = Membership.objects.for_tenant(actor.tenant).select_related("user")
        page = Paginator(rows.order_by("user__email"), ROWS).get_page(request.GET.get("page"))
        context: dict[str, Any] = {"page": page, "may_manage": actor.may(MANAGE)}
        if actor.may(MANAGE):
            senders, now = invitations.senders_of(actor.tenant), clock.now()
            context["form"] = form or InviteForm(roles=roles_to_give(actor))
            context["invitations"] = [
                (each, invitations.state_of(each, senders, now), each.role in roles_to_give(actor))
                for each in invitations.still_to_answer(actor.tenant)
            ]
        if sent is not None:
            context["sent"] = sent
        answer = self.shown(request, "accounts/members.html", context, status)
        if sent is not None:
            add_never_cache_headers(answer)
        return answer

    def after_sending(self, request: HttpRequest, sent: invitations.Sent) -> HttpResponse:
        """Back to the list; where no e-mail went out, the list with the link, this once."""
        if sent.failure:
            return self.all_members(request, sent=sent)
        messages.success(
            request, _("An invitation was sent to %(email)s.") % {"email": sent.invitation.email}
        )
        return redirect("members-page")


class MembersPage(MembersPageMixin, View):
    """The members, and inviting more."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": MANAGE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``page`` numbers the list from 1."""
        return self.all_members(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Invite; what is wrong is said beside its field."""
        limits.admit(request, "invite")
        form = InviteForm(request.POST, roles=roles_to_give(actor_of(request)))
        if not form.is_valid():
            return self.all_members(request, form, status=400)
        try:
            sent = invitations.invite(
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                actor=actor_of(request),
                address=address_of(request),
            )
        except (AlreadyMember, AlreadyInvited) as error:
            form.add_error("email", refusal_words(str(error.detail)))
            return self.all_members(request, form, status=error.status_code)
        return self.after_sending(request, sent)


class InvitationResendPage(MembersPageMixin, View):
    """A new link for an invitation."""

    actions: ClassVar[Mapping[str, str]] = {"post": MANAGE}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The link before is dead."""
        limits.admit(request, "invite")
        invitation = self.invitation(request, pk)
        return self.after_sending(
            request,
            invitations.resend(invitation, actor=actor_of(request), address=address_of(request)),
        )


class InvitationRevokePage(MembersPageMixin, View):
    """Withdrawing an invitation."""

    actions: ClassVar[Mapping[str, str]] = {"post": MANAGE}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to the list."""
        invitation = self.invitation(request, pk)
        invitations.revoke(invitation, actor=actor_of(request), address=address_of(request))
        told = _("The invitation of %(email)s was withdrawn.")
        messages.success(request, told % {"email": invitation.email})
        return redirect("members-page")


class MemberPage(MembersPageMixin, View):
    """One member: role, keys they made, and ways to more."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "post": MANAGE}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The member."""
        member = self.member(request, pk)
        form = RoleForm(roles=roles_to_give(actor_of(request)), initial={"role": member.role})
        return self._shown(request, member, form)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Change the role."""
        member = self.member(request, pk)
        form = RoleForm(request.POST, roles=roles_to_give(actor_of(request)))
        if not form.is_valid():
            return self._shown(request, member, form, 400)
        members.change_role(
            member,
            role=form.cleaned_data["role"],
            actor=actor_of(request),
            address=address_of(request),
        )
        label = in_sentence(form.cleaned_data["role"])
        told = _("%(who)s is now %(role)s.")
        messages.success(request, told % {"who": member.user.get_full_name(), "role": label})
        return redirect("members-page")

    def _shown(
        self, request: HttpRequest, member: Membership, form: RoleForm, status: int = 200
    ) -> HttpResponse:
        actor = actor_of(request)
        context = {
            "member": member,
            "form": form,
            "may_change": member.role in roles_to_give(actor),
            "may_transfer": actor.may("tenant:transfer") and member.user != actor.user,
            "is_self": member.user == actor.user,
            "keys": members.keys_made_by(member.user, actor.tenant),
        }
        return self.shown(request, "accounts/member.html", context, status)


class MemberRemovePage(MembersPageMixin, View):
    """Removing a member, asked once more."""

    actions: ClassVar[Mapping[str, str]] = {"get": MANAGE, "post": MANAGE}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What it means, and the keys that the person made; of oneself, the page to leave."""
        member = self.member(request, pk)
        if member.user == actor_of(request).user:
            return redirect("leave-page")
        keys = members.keys_made_by(member.user, actor_of(request).tenant)
        context = {"member": member, "form": RemoveForm(keys=list(keys))}
        return self.shown(request, "accounts/member_remove.html", context)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Remove them, and the keys that were chosen."""
        member = self.member(request, pk)
        keys = members.keys_made_by(member.user, actor_of(request).tenant)
        form = RemoveForm(request.POST, keys=list(keys))
        if not form.is_valid():
            context = {"member": member, "form": form}
            return self.shown(request, "accounts/member_remove.html", context, 400)
        chosen = [UUID(key) for key in form.cleaned_data["keys"]]
        members.remove(
            member, revoke_keys=chosen, actor=actor_of(request), address=address_of(request)
        )
        told = _("%(who)s is no member any more.")
        messages.success(request, told % {"who": member.user.get_full_name()})
        return redirect("members-page")


class LeavePage(MembersPageMixin, View):
    """Leaving, asked once more."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        """What it means."""
        return self.shown(request, "accounts/leave.html", {})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Leave, and on to another organisation or to the page that says there is none."""
        tenant = actor_of(request).tenant
        members.leave(actor=actor_of(request), address=address_of(request))
        messages.success(request, _("You have left %(organisation)s.") % {"organisation": tenant})
        request.session.pop(TENANT_KEY, None)
        return redirect("home")


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class TransferPage(MembersPageMixin, View):
    """Handing the organisation over, confirmed by the owner's password."""

    actions: ClassVar[Mapping[str, str]] = {"get": "tenant:transfer", "post": "tenant:transfer"}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What it means."""
        return self._shown(request, self.member(request, pk), ConfirmForm())

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Hand it over."""
        limits.admit(request, "token")  # a password could be tried out here
        member, form = self.member(request, pk), ConfirmForm(request.POST)
        actor = actor_of(request)
        assert actor.user is not None  # pages are for people
        if form.is_valid() and not is_confirmed(request, actor.user, form.cleaned_data["password"]):
            form.add_error("password", what_to_do(actor.user))
        if not form.is_valid():
            return self._shown(request, member, form, 400)
        members.transfer(member, actor=actor, address=address_of(request))
        told = _("%(who)s is the owner now, and you are an admin.")
        messages.success(request, told % {"who": member.user.get_full_name()})
        return redirect("members-page")

    def _shown(
        self, request: HttpRequest, member: Membership, form: ConfirmForm, status: int = 200
    ) -> HttpResponse:
        actor = actor_of(request)
        context = {
            "member": member,
            "form": form,
            "has_password": actor.user is not None and actor.user.has_usable_password(),
        }
        return self.shown(request, "accounts/transfer.html", context, status)
