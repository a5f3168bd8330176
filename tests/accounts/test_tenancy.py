"""accounts/tenancy.py"""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.views.generic import DetailView
from django.views.generic.base import View
from django_htmx.middleware import HtmxDetails
from pytest_django import DjangoAssertNumQueries
from rest_framework.generics import ListAPIView
from rest_framework.serializers import ModelSerializer

from accounts.keys import create_api_key
from accounts.models import ApiKey, Membership, User
from accounts.permissions import ROLES, Role
from accounts.tenancy import PageMixin, TenantMixin, actor_of, session_actor, tenant_of
from tests.people import Organisation


def page_request(
    user: User | AnonymousUser, method: str = "GET", tenant: str | None = None
) -> HttpRequest:
    request = RequestFactory().generic(method, "/keys?page=2")
    request.user = user
    request.session = SessionStore()
    if tenant:
        request.session["tenant_id"] = tenant
    return request


class KeySerializer(ModelSerializer[ApiKey]):
    class Meta:
        model = ApiKey
        fields = ["name", "prefix"]


class KeyList(TenantMixin, ListAPIView[ApiKey]):
    queryset = ApiKey.objects.order_by("pk")
    serializer_class = KeySerializer
    pagination_class = None
    actions: ClassVar[Mapping[str, str]] = {"get": "keys:manage"}


class KeyPage(PageMixin, DetailView):
    queryset = ApiKey.objects.all()
    actions: ClassVar[Mapping[str, str]] = {"get": "keys:manage"}

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return HttpResponse(self.object.prefix)

    def delete(self, request: HttpRequest, pk: object) -> HttpResponse:
        return HttpResponse("no action stands in the table for this")


def test_for_tenant_gives_its_rows_alone(acme: Organisation, stranger: Organisation) -> None:
    assert list(ApiKey.objects.for_tenant(acme.tenant)) == [acme.key]
    assert list(ApiKey.objects.filter(name="first").for_tenant(stranger.tenant)) == [stranger.key]


def test_api_view_lists_the_tenants_rows_alone(acme: Organisation, stranger: Organisation) -> None:
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {acme.raw_key}")
    answer = KeyList.as_view()(request)
    assert answer.data == [{"name": "first", "prefix": acme.key.prefix}]


def test_api_view_refuses_without_the_action(acme: Organisation) -> None:
    request = RequestFactory().get("/")
    assert KeyList.as_view()(request).status_code == 401
    _, raw = create_api_key(
        tenant=acme.tenant, name="narrow", scopes=["jobs:read"], created_by=None
    )
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {raw}")
    assert KeyList.as_view()(request).status_code == 403


def test_session_actor_is_the_member_in_the_chosen_tenant(
    acme: Organisation, stranger: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Membership.objects.create(tenant=stranger.tenant, user=acme.owner, role=Role.VIEWER)
    first = actor_of(page_request(acme.owner))
    assert (first.tenant, first.role, first.pk) == (acme.tenant, "owner", acme.owner.pk)
    request = page_request(acme.owner, tenant=str(stranger.tenant.pk))
    with django_assert_num_queries(1):
        chosen = actor_of(request)
        assert tenant_of(request) == stranger.tenant
        assert actor_of(request) is chosen
    assert (chosen.role, chosen.permissions) == ("viewer", ROLES[Role.VIEWER])
    assert chosen.may("jobs:read")
    assert not chosen.may("jobs:write")


def test_session_cannot_name_a_foreign_tenant(acme: Organisation, stranger: Organisation) -> None:
    request = page_request(acme.owner, tenant=str(stranger.tenant.pk))
    assert tenant_of(request) == acme.tenant


def test_session_of_nobody_and_of_no_member_has_no_tenant(
    acme: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert session_actor(page_request(AnonymousUser())) is None
    acme.tenant.is_active = False
    acme.tenant.save(update_fields=["is_active"])
    assert session_actor(page_request(acme.owner)) is None
    with pytest.raises(PermissionDenied, match="does not belong to an active organisation"):
        tenant_of(page_request(acme.owner))


def test_page_shows_own_rows_and_misses_foreign_ones(
    acme: Organisation, stranger: Organisation
) -> None:
    view: Any = KeyPage.as_view()
    assert view(page_request(acme.owner), pk=acme.key.pk).content.decode() == acme.key.prefix
    with pytest.raises(Http404):
        view(page_request(acme.owner), pk=stranger.key.pk)


def test_page_refuses_the_wrong_role_and_undeclared_methods(acme: Organisation) -> None:
    view = KeyPage.as_view()
    for role in (Role.MEMBER, Role.REVIEWER, Role.VIEWER):
        with pytest.raises(PermissionDenied, match="Your role does not allow this"):
            view(page_request(acme.join(role)), pk=acme.key.pk)
    with pytest.raises(PermissionDenied):
        view(page_request(acme.owner, "DELETE"), pk=acme.key.pk)
    assert view(page_request(acme.owner, "PUT"), pk=acme.key.pk).status_code == 405


def test_page_sends_visitors_to_the_login(db: None) -> None:
    answer = KeyPage.as_view()(page_request(AnonymousUser()), pk=1)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/keys%3Fpage%3D2")
    fragment = page_request(AnonymousUser())
    fragment.META["HTTP_HX_REQUEST"] = "true"
    fragment.META["HTTP_HX_CURRENT_URL"] = "http://testserver/jobs?state=failed"
    fragment.htmx = HtmxDetails(fragment)  # type: ignore[attr-defined]  # as its middleware does
    answer = KeyPage.as_view()(fragment, pk=1)
    assert answer.headers["HX-Redirect"] == "/login?next=/jobs%3Fstate%3Dfailed"
    odd = page_request(AnonymousUser())
    odd.META |= {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://["}
    odd.htmx = HtmxDetails(odd)  # type: ignore[attr-defined]
    assert KeyPage.as_view()(odd, pk=1).headers["HX-Redirect"] == "/login?next=/"
    answer = KeyPage.as_view()(page_request(AnonymousUser(), "POST"), pk=1)
    assert answer.headers["Location"] == "/login?next=/"


def test_page_sends_operators_without_a_tenant_to_the_admin(db: None) -> None:
    operator = User.objects.create_superuser("root@site.example", "x")
    answer = KeyPage.as_view()(page_request(operator), pk=1)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_page_tells_people_without_a_tenant(db: None) -> None:
    person = User.objects.create_user("lonely@site.example", "x")
    answer: Any = KeyPage.as_view()(page_request(person), pk=1)
    assert answer.status_code == 403
    assert "You belong to no organisation" in answer.content.decode()


def test_page_without_actions_refuses_everybody(acme: Organisation) -> None:
    class Bare(PageMixin, View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse("open")

    with pytest.raises(PermissionDenied):
        Bare.as_view()(page_request(acme.owner))
