"""The predefined fields, as the API lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.limits import USUAL
from extraction.errors import InvalidOption
from extraction.fields import CATALOGUE, of_type
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.kinds import KINDS


class ColumnSerializer(serializers.Serializer[Any]):
    """A column of a table field."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField(help_text="a name of kinds")
    synonyms = serializers.ListField(
        child=serializers.CharField(), help_text="headings that mean the column"
    )


class PredefinedFieldSerializer(serializers.Serializer[Any]):
    """A field of the catalogue."""

    name = serializers.CharField(help_text="what the option fields of a job takes")
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField(help_text="a name of kinds")
    document_types = serializers.ListField(
        child=serializers.CharField(), help_text="names of document_types"
    )
    synonyms = serializers.ListField(
        child=serializers.CharField(), help_text="labels that mean the field"
    )
    weak = serializers.ListField(
        child=serializers.CharField(), help_text="labels that may mean the field"
    )
    columns = ColumnSerializer(many=True, help_text="those of a table, else none")


class KindSerializer(serializers.Serializer[Any]):
    """A kind of value."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    form = serializers.CharField(help_text="the normal form of its values")


class DocumentTypeSerializer(serializers.Serializer[Any]):
    """A type of document."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class CatalogueSerializer(serializers.Serializer[Any]):
    """The predefined fields and what their kinds and document types are."""

    fields_ = PredefinedFieldSerializer(many=True)
    kinds = KindSerializer(many=True)
    document_types = DocumentTypeSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # "fields" is an attribute of every serializer, so the field cannot be declared by its name
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}


class FieldListView(APIView):
    """The catalogue of predefined fields."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    rates = USUAL

    @extend_schema(
        operation_id="fields",
        tags=["fields"],
        summary="The predefined fields, their kinds and the types of documents",
        parameters=[
            OpenApiParameter(
                "document_type",
                enum=[row.name for row in DOCUMENT_TYPES],
                description="only the fields of this type of document",
            )
        ],
        responses=CatalogueSerializer,
    )
    def get(self, request: Request) -> Response:
        """The fields of the catalogue in its order."""
        wanted = request.query_params.get("document_type")
        names = [row.name for row in DOCUMENT_TYPES]
        if wanted is not None and wanted not in names:
            raise InvalidOption(f"document_type {wanted!r} is not one of: {', '.join(names)}")
        catalogue = {
            "fields": CATALOGUE if wanted is None else of_type(wanted),
            "kinds": KINDS.values(),
            "document_types": DOCUMENT_TYPES,
        }
        return Response(CatalogueSerializer(catalogue).data)
