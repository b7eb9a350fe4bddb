"""The operations of the native API, from its OpenAPI document: tests cover a new one at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.native_app import document


@dataclass(frozen=True)
class Operation:
    """One endpoint of /v1.

    Attributes:
        is_stream: its response does not end.
        scope: what an API key needs; empty where no key is accepted.
    """

    method: str
    path: str
    query: frozenset[str]
    has_body: bool
    is_stream: bool
    scope: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_admins(self) -> bool:
        return self.path.startswith("/v1/admin/")

    @property
    def place(self) -> str:
        """The path up to its first parameter; empty without one."""
        found = re.match(r"[^{]*\{\w+\}", self.path)
        return found[0] if found else ""

    def at(self, value: str, others: Mapping[str, str] = MappingProxyType({})) -> str:
        """The path with this value as its first parameter; any other is in `others`, or 1."""
        path = re.sub(r"\{\w+\}", value, self.path, count=1)
        return re.sub(r"\{(\w+)\}", lambda found: others.get(found[1], "1"), path)


OPERATIONS = [
    Operation(
        method.upper(),
        path,
        frozenset(
            each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"
        ),
        "requestBody" in operation,
        "text/event-stream" in operation["responses"].get("200", {}).get("content", {}),
        "".join(scope for each in operation["security"] for scope in each.get("ApiKey", ())),
    )
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
    if path.startswith("/v1/")
]
OF_ACCOUNTS = [each for each in OPERATIONS if not each.is_admins]
