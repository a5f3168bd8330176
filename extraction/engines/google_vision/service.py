"""Google's client for its service, made and asked with bounds of ours; and what its errors are."""

from __future__ import annotations

import os
from typing import Any

from extraction.engines.attempts import NoAnswer, Refused
from extraction.engines.configuration import GoogleVision
from extraction.engines.picture import Picture
from extraction.errors import EngineUnavailable

MAX_ANSWER = 16_000_000  # bytes; a page full of small print has some two million
QUOTA_SECONDS = 60  # Google's quotas are by the minute
# google.rpc.Code
INVALID, DENIED, EXHAUSTED = 3, 7, 8
SETTINGS = {
    5,
    DENIED,
    9,
    12,
    16,
}  # the operator's to mend: rights, billing, the service switched on


class Service:
    """Called from several threads at once."""

    def __init__(self, settings: GoogleVision) -> None:
        """Connects to nothing yet. Raises ``EngineUnavailable`` without usable credentials."""
        # gRPC's own handling of forks aborts some of the children that a worker starts meanwhile
        os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
        try:
            from google.cloud import vision_v1
        except ImportError as error:
            raise EngineUnavailable("requirements/remote.txt is not installed") from error

        self._settings = settings
        self._vision = vision_v1
        self._client = vision_v1.ImageAnnotatorClient(transport=self._transport())

    def _transport(self) -> Any:
        import grpc
        from google.auth import exceptions

        kind = self._vision.ImageAnnotatorClient.get_transport_class("grpc")
        endpoint = self._settings.endpoint.removeprefix("https://").rstrip("/")
        options = [
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", MAX_ANSWER),
            ("grpc.max_send_message_length", -1),
        ]
        if endpoint.startswith("http://"):
            channel = grpc.insecure_channel(endpoint.removeprefix("http://"), options=options)
            return kind(channel=channel)

        def secured(host: str, **arguments: Any) -> Any:
            return kind.create_channel(host, **{**arguments, "options": options})

        try:
            return kind(
                host=endpoint or kind.DEFAULT_HOST,
                credentials=self._credentials(),
                channel=secured,
                always_use_jwt_access=True,
            )
        except (OSError, ValueError, exceptions.GoogleAuthError) as error:
            raise EngineUnavailable(f"GOOGLE_VISION_CREDENTIALS are not usable: {error}") from error

    def _credentials(self) -> Any:
        """The service account's; None: Google's library looks for some."""
        if self._settings.credentials is None:
            return None
        from google.oauth2 import service_account

        return service_account.Credentials.from_service_account_file(
            str(self._settings.credentials)
        )

    def annotate(self, picture: Picture) -> Any:
        """The full text annotation of one picture (the message itself).

        Raises ``NoAnswer``, and ``Refused`` where the picture is at fault.
        """
        from google.api_core.exceptions import GoogleAPICallError
        from google.auth.exceptions import GoogleAuthError

        vision = self._vision
        request = vision.BatchAnnotateImagesRequest(
            requests=[
                vision.AnnotateImageRequest(
                    image=vision.Image(content=picture.data),
                    features=[vision.Feature(type_=vision.Feature.Type.DOCUMENT_TEXT_DETECTION)],
                    image_context=vision.ImageContext(
                        language_hints=list(self._settings.languages)
                    ),
                )
            ]
        )
        try:
            answer = self._client.batch_annotate_images(
                request=request, retry=None, timeout=self._settings.seconds
            )
        except GoogleAPICallError as error:
            code = getattr(error.grpc_status_code, "value", (2,))[0]
            raise _failure(code, error.message) from error
        except GoogleAuthError as error:
            raise NoAnswer(f"Google: {error}", counts=False, again=False) from error
        (response,) = vision.BatchAnnotateImagesResponse.pb(answer).responses or (None,)
        if response is None:
            raise NoAnswer("Google answers nothing", counts=True, again=False)
        if response.error.code:
            raise _failure(response.error.code, response.error.message)
        return response.full_text_annotation


def _failure(code: int, message: str) -> NoAnswer | Refused:
    """What an error is, by its google.rpc.Code."""
    said = " ".join(message.split())[:200]
    if code == INVALID:
        return Refused(said)
    if code == EXHAUSTED:
        return NoAnswer(
            f"Google's quota is used up: {said}", counts=False, again=True, after=QUOTA_SECONDS
        )
    if code in SETTINGS:
        return NoAnswer(f"Google refuses: {said}", counts=False, again=False)
    return NoAnswer(f"Google does not answer as it should: {said}", counts=True, again=True)
