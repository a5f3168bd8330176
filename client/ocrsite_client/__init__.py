"""Client of OCRSite: documents in; text, tables and fields out.

from ocrsite_client import Client

with Client("https://ocr.example.com", "ocrs_...") as site:
    for field in site.read("invoice.pdf")["fields"]:
        print(field["label"], field["value"])
"""

from ocrsite_client.client import AsyncClient, Client
from ocrsite_client.comparing import CompareOptions, Comparison
from ocrsite_client.errors import (
    ApiError,
    Conflict,
    Gone,
    JobFailed,
    NoAnswer,
    NotAuthenticated,
    NotFound,
    OCRSiteError,
    PermissionDenied,
    ServerFault,
    TooMany,
    WaitTimeout,
    WebhookInvalid,
    WrongAddress,
)
from ocrsite_client.login import NoLogin
from ocrsite_client.models import Batch, Event, Item, Job, Options
from ocrsite_client.service_level import ServiceLevel
from ocrsite_client.sources import Source
from ocrsite_client.version import VERSION as __version__
from ocrsite_client.webhooks import verify_webhook

__all__ = [
    "ApiError",
    "AsyncClient",
    "Batch",
    "Client",
    "CompareOptions",
    "Comparison",
    "Conflict",
    "Event",
    "Gone",
    "Item",
    "Job",
    "JobFailed",
    "NoAnswer",
    "NoLogin",
    "NotAuthenticated",
    "NotFound",
    "OCRSiteError",
    "Options",
    "PermissionDenied",
    "ServerFault",
    "ServiceLevel",
    "Source",
    "TooMany",
    "WaitTimeout",
    "WebhookInvalid",
    "WrongAddress",
    "__version__",
    "verify_webhook",
]
