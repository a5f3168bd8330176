"""The API console: the API's operations as forms, made from its OpenAPI document."""
