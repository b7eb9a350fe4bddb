"""What a tool is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from simpost.errors import SimpostError
from simpost.mcp.confirmations import Confirmations, Principal
from simpost.mcp.gateway import Access, Gateway

EsimTranNo = Annotated[
    str, Meta(pattern=r"^[!-~]{1,64}$", description="esimTranNo: the number of the eSIM.")
]
ObjectId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        description="An id, as lists show it.",
    ),
]
TemplateName = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Name of the template.")
]
Limit = Annotated[int, Meta(ge=1, le=50, description="Most entries of the result.")]
DEFAULT_LIMIT: Final = 20

_Arguments = TypeVar("_Arguments", bound=Struct)
AskPerson = Callable[[str], Awaitable[bool | None]]
"""Shows a question to the person at the client: yes or no; `None` if the client cannot ask."""


class ToolRefusal(SimpostError):
    """The tool did nothing; the message says why and what to do."""


class Arguments(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of the arguments of a tool: unknown ones are refused."""


class Result(Struct, frozen=True, rename="camel"):
    """Base of the results of tools."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Who calls a tool, and by what it works."""

    gateway: Gateway
    key: str
    access: Access
    principal: Principal
    confirmations: Confirmations
    ask_person: AskPerson

    async def get(self, path: str, **query: Any) -> Any:
        """GET a path of the API as the caller."""
        return await self.gateway.get(self.key, path, query)

    async def post(self, path: str, document: dict[str, Any], *, request_id: str = "") -> Any:
        """POST a document to the API as the caller."""
        return await self.gateway.post(self.key, path, document, request_id=request_id)


@dataclass(frozen=True, slots=True)
class Tool(Generic[_Arguments]):
    """A tool.

    Attributes:
        scope: of the API key; empty: the scope `mcp` is enough.
        sends: it exists only where sending is switched on.
        is_read_only: it changes nothing.
        is_destructive: what it does cannot be undone.
        is_idempotent: a repeated call with the same arguments does nothing more.
        is_open_world: it reaches people outside of this installation.
    """

    name: str
    title: str
    description: str
    arguments: type[_Arguments]
    result: type[Result]
    run: Callable[[ToolContext, _Arguments], Awaitable[Result]]
    scope: str = ""
    sends: bool = False
    is_read_only: bool = True
    is_destructive: bool = False
    is_idempotent: bool = True
    is_open_world: bool = False

    def is_offered(self, access: Access) -> bool:
        """Whether the tool exists for the caller."""
        is_on = not self.sends or access.sending is not None
        return is_on and (not self.scope or access.has_scope(self.scope))

    def parse(self, given: dict[str, Any]) -> _Arguments:
        """The arguments. Raises ToolRefusal with the place of the mistake and no value."""
        try:
            return msgspec.convert(given, self.arguments, strict=True)
        except msgspec.ValidationError as error:
            raise ToolRefusal(f"The arguments of {self.name} are not valid: {error}.") from None


def schema_of(kind: type[Struct]) -> dict[str, Any]:
    """The JSON Schema of a struct: an object, with the schemas that it refers to inside."""
    (reference,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    name = reference["$ref"].rpartition("/")[2]
    schema: dict[str, Any] = components.pop(name)
    return {**schema, "$defs": components} if components else schema
