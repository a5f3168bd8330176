"""How the OpenAPI document describes credentials, and bodies of DELETE."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = ["apiKey", "apiKeyHeader"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key, ocrs_..."},
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        ]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]  # one of them, not both


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.TenantJWTAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token from POST /api/v1/auth/token.",
        }


class OperationSchema(AutoSchema):
    """As drf-spectacular's, but a DELETE has a body where ``extend_schema`` says which."""

    def get_request_serializer(self) -> Any:
        """Of a DELETE none, unless it is said."""
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _get_request_body(self, direction: Literal["request", "response"] = "request") -> Any:
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)
        self.method = "POST"  # of others a body is not even looked for
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"
