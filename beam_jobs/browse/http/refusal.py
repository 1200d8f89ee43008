"""What the server does not answer, with the reason as one line."""

from __future__ import annotations

from collections.abc import Mapping

from af3core.errors import Af3Error


class Refusal(Af3Error):
    """A request that is not answered.

    Attributes:
        status: of HTTP, such as 404.
        headers: that the answer needs beside it.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
