"""Bodies of API requests within what we accept: the depth of JSON, the size of files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser, MultiPartParser


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is too large. Send it in smaller parts."
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    """Its size is Django's matter (DATA_UPLOAD_MAX_MEMORY_SIZE); its depth would end Python's stack."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error


class BoundedMultiPartParser(MultiPartParser):
    """A form with a file. What is too large is refused before any of it is written down."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        length = int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        if length > settings.IMPORT_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        return super().parse(stream, media_type, parser_context)
