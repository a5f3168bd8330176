"""Templates through the API: listed, written as new versions, tried and proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.audit import address_of
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of, tenant_of
from extraction.errors import InvalidOption
from extraction.fields.templates import MAX_BYTES, starters, template_to_dict
from extraction.formats.json import field_to_dict
from jobs import bench, learning, templates
from jobs.errors import TemplateTooLarge
from jobs.models import FieldTemplate, FieldTemplateVersion, Job
from jobs.template_serializers import (
    ChangeSerializer,
    LearnedSerializer,
    LearnSerializer,
    ProposeSerializer,
    RestoreSerializer,
    TemplateListSerializer,
    TemplateSerializer,
    TriedSerializer,
    TrySerializer,
    VersionListSerializer,
    summary_of,
)

READ, WRITE = "jobs:read", "templates:write"


class TemplateView(TenantMixin, GenericAPIView[FieldTemplate]):
    """What these endpoints share: the tenant's own by name, and bodies of bounded size."""

    queryset = FieldTemplate.objects.select_related("tenant")
    serializer_class = TemplateSerializer
    lookup_field = "name"
    pagination_class = None
    rates: ClassVar[Mapping[str, str]] = USUAL

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        size = request.META.get("CONTENT_LENGTH") or "0"
        if size.isdecimal() and int(size) > MAX_BYTES:
            raise TemplateTooLarge(limit=MAX_BYTES, actual=int(size))

    def reply(self, version: FieldTemplateVersion, *, made: bool = False) -> Response:
        """A version as an answer; 201 with its address where the template is new."""
        body = _exported(version.content, version)
        if not made:
            return Response(body)
        address = reverse("template", args=[version.template.name], request=self.request)
        return Response(body, status=201, headers={"Location": address})


class TemplateListView(TemplateView):
    """All templates that can be named."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}

    @extend_schema(
        operation_id="templates", summary="List templates", responses=TemplateListSerializer
    )
    def get(self, request: Request) -> Response:
        """The organisation's own by name, then the starters that these do not replace."""
        own = list(self.get_queryset().order_by("name"))
        names = {row.name for row in own}
        rows = [*own, *(each for each in starters() if each.name not in names)]
        return Response(TemplateListSerializer({"templates": map(summary_of, rows)}).data)

    @extend_schema(
        operation_id="templates_create",
        summary="Make a template, or import one",
        responses={201: TemplateSerializer},
    )
    def post(self, request: Request) -> Response:
        """A new template from its JSON."""
        change = _change(request)
        version = templates.create(
            tenant=tenant_of(request),
            actor=actor_of(request),
            template=templates.read_template(request.data),
            note=change.get("note", ""),
            address=address_of(request),
        )
        return self.reply(version, made=True)


class TemplateDetailView(TemplateView):
    """One template: exported, replaced, deleted."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "put": WRITE, "delete": WRITE}

    @extend_schema(
        operation_id="template",
        summary="Export a template",
        parameters=[OpenApiParameter("version", int, description="an earlier one")],
    )
    def get(self, request: Request, name: str) -> Response:
        """The template's JSON, its version and who made that."""
        number = _number(request)
        version = templates.version_of(tenant_of(request), name, number)
        if version:
            return self.reply(version)
        starter = templates.starter(name)
        if starter is None or number is not None:
            raise Http404
        return Response(_exported(template_to_dict(starter)))

    @extend_schema(
        operation_id="template_replace",
        summary="Write a template's next version",
        responses={200: TemplateSerializer, 201: TemplateSerializer},
    )
    def put(self, request: Request, name: str) -> Response:
        """The next version, or the first; ``version`` is the one that was changed."""
        change = _change(request)
        version, made = templates.replace(
            tenant=tenant_of(request),
            actor=actor_of(request),
            template=templates.read_template(request.data, name=name),
            expected=change.get("version"),
            note=change.get("note", ""),
            address=address_of(request),
        )
        return self.reply(version, made=made)

    @extend_schema(
        operation_id="template_delete",
        summary="Delete a template with its versions",
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, name: str) -> Response:
        """Jobs that wait for it will fail; results keep its name."""
        templates.delete(
            row=self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return Response(status=204)


class TemplateVersionsView(TemplateView):
    """The history of a template."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    @extend_schema(
        operation_id="template_versions",
        summary="List a template's versions, newest first",
        responses=VersionListSerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        """Which versions there are, when and by whom they were made, and why."""
        rows = self.get_object().versions.select_related("created_by", "api_key").defer("content")
        return Response(VersionListSerializer({"versions": rows}).data)


class TemplateRestoreView(TemplateView):
    """Going back to an earlier version."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    @extend_schema(
        operation_id="template_restore",
        summary="Copy an earlier version as the newest",
        request=RestoreSerializer,
        responses=TemplateSerializer,
    )
    def post(self, request: Request, name: str) -> Response:
        """The newest version after that."""
        row = self.get_object()
        form = RestoreSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        version = templates.restore(
            row=row,
            actor=actor_of(request),
            number=form.validated_data["version"],
            address=address_of(request),
        )
        return self.reply(version)


class TemplateLearnView(TemplateView):
    """Learning from confirmed documents."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    rates: ClassVar[Mapping[str, str]] = {"post": "try"}

    @extend_schema(
        operation_id="template_learn",
        summary="Teach a template by confirmed documents",
        request=LearnSerializer,
        responses=LearnedSerializer,
    )
    def post(self, request: Request, name: str) -> Response:
        """The version after that, and how each field gained, each document left out in turn."""
        row = self.get_object()
        form = LearnSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        done = learning.learn(
            row=row,
            jobs=form.validated_data["jobs"],
            actor=actor_of(request),
            address=address_of(request),
        )
        gains = [
            {"name": field, **asdict(gain), "learned": field in done.fields}
            for field, gain in done.gains.items()
        ]
        body = {"version": done.version.number, "documents": done.documents, "fields": gains}
        return Response(LearnedSerializer(body).data)


class TemplateTryView(TemplateView):
    """The test bench."""

    actions: ClassVar[Mapping[str, str]] = {"post": READ}
    rates: ClassVar[Mapping[str, str]] = {"post": "try"}

    @extend_schema(
        operation_id="template_test",
        summary="Try a template on a job's pages",
        request=TrySerializer,
        responses=TriedSerializer,
    )
    def post(self, request: Request) -> Response:
        """What it finds there, and which required fields it does not. Nothing is stored."""
        form = TrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        job = _job(request, form)
        if "name" in form.validated_data:
            template = templates.get(tenant_of(request), form.validated_data["name"])
        else:
            template = templates.read_template(form.validated_data["template"])
        tried = bench.try_template(job, template)
        body = {
            "template": tried.template,
            "pages": tried.pages,
            "left_out": tried.left_out,
            "fields": [field_to_dict(value) for value in tried.fields],
            "missing": tried.missing,
        }
        return Response(TriedSerializer(body).data)


class TemplateProposeView(TemplateView):
    """A template from a sample document."""

    actions: ClassVar[Mapping[str, str]] = {"post": READ}
    rates: ClassVar[Mapping[str, str]] = {"post": "try"}

    @extend_schema(
        operation_id="template_propose",
        summary="Propose a template from a job's document",
        request=ProposeSerializer,
        responses=TemplateSerializer,
    )
    def post(self, request: Request) -> Response:
        """A template's JSON to go on with. Nothing is stored."""
        form = ProposeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        template = bench.propose(_job(request, form), form.validated_data["name"])
        return Response(template_to_dict(template))


def _exported(
    content: dict[str, Any], version: FieldTemplateVersion | None = None
) -> dict[str, Any]:
    """A template's own JSON, with what ``templates.BESIDE`` names; a starter has no version."""
    return {
        **content,
        "version": version.number if version else None,
        "starter": version is None,
        "note": version.note if version else "",
        "created_at": version.created_at if version else None,
        "created_by": version.author if version else None,
    }


def _change(request: Request) -> dict[str, Any]:
    """The checked ``version`` and ``note`` of a body that is an object."""
    given = request.data if isinstance(request.data, dict) else {}
    form = ChangeSerializer(data=given)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _job(request: Request, form: TrySerializer | ProposeSerializer) -> Job:
    """The tenant's job that the body names; a foreign one is missing."""
    jobs = Job.objects.for_tenant(tenant_of(request))
    return get_object_or_404(jobs, pk=form.validated_data["job"])


def _number(request: Request) -> int | None:
    text = request.query_params.get("version")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10):
        raise InvalidOption("version is a whole number from 1.")
    return int(text)
