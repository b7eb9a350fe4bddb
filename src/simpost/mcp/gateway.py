"""Calls of the native API with the key of the caller of the tool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from simpost.errors import ConfigError, SimpostError
from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpClient, HttpResponse, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from simpost.net.retry_after import retry_after_s
from simpost.runtime.clock import wall_clock_ms
from simpost.text.display import visible

_AT_ONCE: Final = 32
_TRIES: Final = 3
_MAX_WAIT_S: Final = 3.0
_MAX_OCTETS: Final = 2 * 1_048_576
_MAX_SENTENCE: Final = 500
_RETRIED: Final = frozenset({429, 503})


class GatewayError(SimpostError):
    """The call failed; the message is a sentence for people."""


class GatewayUnreachable(GatewayError):
    """The gateway gave no complete answer: what was asked may be done or not."""


class GatewayRefusal(GatewayError):
    """The gateway refused the call.

    Attributes:
        code: its stable word for it; empty when it is not a simpost that answers.
    """

    def __init__(self, sentence: str, *, status: int, code: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


class Sending(msgspec.Struct, frozen=True, rename="camel"):
    """What the account may send by MCP; `*` stands for all."""

    recipients: frozenset[str]
    categories: frozenset[str]
    templates: frozenset[str]
    free_text: bool
    per_hour: int


class Access(msgspec.Struct, frozen=True, rename="camel"):
    """What a key may do by MCP. `sending` is `None` where sending is off."""

    account: str
    key_id: str | None
    scopes: frozenset[str] | None
    sending: Sending | None

    def has_scope(self, scope: str) -> bool:
        """Whether the key has the scope; the secret of the account has all."""
        return self.scopes is None or scope in self.scopes


class ToolUse(NamedTuple):
    """A call of a tool, as the gateway records it."""

    tool: str
    client: str
    session: str
    act: str = ""


class Gateway:
    """A client of one gateway. Must be created and closed on the event loop that uses it."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"--url {url!r} must look like http://127.0.0.1:8080")
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._http = HttpClient(
            "mcp",
            NameResolver(),
            allow_private=True,  # the administrator names the gateway
            connect_timeout_s=5.0,
            response_timeout_s=20.0,
            keep_octets=_MAX_OCTETS,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def access(self, key: str) -> Access:
        """What the key may do. Raises GatewayError."""
        return msgspec.convert(await self.get(key, "/v1/mcp"), Access)

    async def record(self, key: str, use: ToolUse) -> Access:
        """Record a call before it is done; what the key may do. Raises GatewayError."""
        document = {"tool": use.tool, "client": use.client, "session": use.session}
        if use.act:
            document["act"] = use.act
        return msgspec.convert(await self.post(key, "/v1/mcp/calls", document), Access)

    async def get(self, key: str, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """GET a path and return the JSON. Raises GatewayError."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        whole = f"{path}?{urlencode(given)}" if given else path
        return await self._ask(key, "GET", whole, b"", {}, may_repeat=True)

    async def post(
        self, key: str, path: str, document: Mapping[str, Any], *, request_id: str = ""
    ) -> Any:
        """POST a document and return the JSON; sent again only with a request id."""
        headers = {"Content-Type": "application/json"}
        if request_id:
            headers["Idempotency-Key"] = request_id
        body = msgspec.json.encode(document)
        return await self._ask(key, "POST", path, body, headers, may_repeat=bool(request_id))

    async def _ask(
        self,
        key: str,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        *,
        may_repeat: bool,
    ) -> Any:
        headers = {"Authorization": f"Bearer {key}", **headers}
        for tries_left in reversed(range(_TRIES)):
            try:
                async with self._turns:
                    response = await self._http.request(method, self.url + path, body, headers)
            except (NotSent, RefusedUrl):
                raise GatewayUnreachable(f"No simpost answers at {self.url}.") from None
            except NoResponse:
                if may_repeat and tries_left:
                    continue
                raise GatewayUnreachable(
                    f"{self.url} gave no answer: it may have done what was asked, or not."
                ) from None
            wait_s = _wait_s(response)
            if may_repeat and tries_left and wait_s is not None and wait_s <= _MAX_WAIT_S:
                await asyncio.sleep(wait_s)
                continue
            return _judge(response)
        raise AssertionError


def _wait_s(response: HttpResponse) -> float | None:
    """Seconds until the next try; `None` if there is none."""
    if response.status not in _RETRIED:
        return None
    return retry_after_s(response.headers.get("retry-after", ""), wall_clock_ms())


def in_path(text: str) -> str:
    """The text as one segment of a path."""
    return quote(text, safe="")


def _judge(response: HttpResponse) -> Any:
    try:
        document = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        document = None
    if 200 <= response.status < 300 and isinstance(document, dict):
        return document
    code = document.get("code") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(code, str):
        raise GatewayRefusal(
            f"What answers is no simpost (HTTP {response.status}).", status=response.status, code=""
        )
    raise GatewayRefusal(_in_words(document), status=response.status, code=code)


def _in_words(problem: dict[str, Any]) -> str:
    words = [str(problem.get("detail") or problem["code"])]
    words += [f"{each.get('at')}: {each.get('reason')}." for each in problem.get("errors", ())]
    if remedy := problem.get("remedy"):
        words.append(str(remedy))
    return visible(" ".join(words))[:_MAX_SENTENCE]
