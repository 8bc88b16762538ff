"""What programs send: JSON as RFC 8259 has it."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from django.http import HttpRequest
from ninja.parser import Parser

_decode = msgspec.json.Decoder().decode


class Strict(Parser):
    """Refuses what ninja's own takes and no text or database can hold: half a surrogate pair, NaN."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return cast(dict[str, Any], _decode(request.body))
