"""The venue's no: a code and a message of Binance's own, whoever in here says it."""

from __future__ import annotations

import orjson


class Refusal(Exception):
    """The venue answers a request with an error. `code` and `message` are Binance's public ones.

    `data` are further particulars, for requests of which one part failed.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        retry_after_s: int | None = None,
        data: object = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
        self.data = data

    def content(self) -> dict[str, object]:
        """What the error says, for the body and for answers that carry errors inside."""
        content: dict[str, object] = {"code": self.code, "msg": self.message}
        return content if self.data is None else content | {"data": self.data}

    def body(self) -> bytes:
        """The JSON body that goes out."""
        return orjson.dumps(self.content())
