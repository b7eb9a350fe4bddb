"""A small client of the native API: one connection, kept alive."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from simpost import __version__
from simpost.errors import ConfigError, SimpostError
from simpost.text.display import visible

_MAX_OCTETS = 64 * 1_048_576
_CHUNK_OCTETS = 65_536
_TRIES = 5
_MAX_WAIT_S = 10.0
_IS_COPY = (
    "simpost: this store is a copy: nothing is sent until it is confirmed (`simpost confirm-copy`)"
)


class Unreachable(SimpostError):
    """There is no response from the service."""


class Unanswered(SimpostError):
    """The request may have arrived, and there was no response."""


class RequestRefused(SimpostError):
    """The service refused the request.

    Attributes:
        status: of the HTTP answer.
        code: the service's stable word for it; empty when it is not a simpost that answers.
    """

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Server:
    """A client of one service, with fixed credentials."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout_s: float = 60.0,
        tries: int = _TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        try:
            self._base = urlsplit(self.url)
            is_address = self._base.hostname and self._base.port != 0
        except ValueError:
            is_address = False
        if not is_address or self._base.scheme not in ("http", "https"):
            raise ConfigError(f"--url {url!r} must look like http://127.0.0.1:8080")
        for name, value in headers.items():
            if not value.isascii() or not value.isprintable():
                raise ConfigError(f"the value for {name} holds characters no header can carry")
        self._headers = {
            "User-Agent": f"simpost/{__version__}",
            "Accept": "application/json",
            **headers,
        }
        self._timeout_s = timeout_s
        self._tries = tries
        self._sleep = sleep
        self._connection: HTTPConnection | None = None
        self._has_warned = False

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """GET a path and return the JSON. Raises RequestRefused, Unreachable or Unanswered."""
        return self._ask("GET", _with_query(path, query or {}), None, {})

    @contextlib.contextmanager
    def download(self, path: str, query: Mapping[str, Any]) -> Iterator[Iterator[bytes]]:
        """GET a file, as chunks of any size. Raises RequestRefused, Unreachable or Unanswered.

        The chunks raise Unanswered if the file ends before it is whole.
        """
        for tries_left in reversed(range(self._tries)):
            response = self._request("GET", _with_query(path, query), None, {})
            if not tries_left or (wait_s := _wait_s(response)) is None:
                break
            response.read(_MAX_OCTETS)
            self._sleep(wait_s)
        if response.status != 200:
            self._judge(response, response.read(_MAX_OCTETS))
        try:
            yield self._chunks(response)
        finally:
            self.close()

    def _chunks(self, response: HTTPResponse) -> Iterator[bytes]:
        if not response.chunked and response.length is None:
            raise Unanswered(f"{self.url} does not say where the file ends: use HTTP/1.1 proxies.")
        try:
            while chunk := response.read1(_CHUNK_OCTETS):
                yield chunk
        except (OSError, HTTPException) as error:
            raise Unanswered(f"{self.url} closed the connection: {_said(error)}") from None

    def delete(self, path: str) -> Any:
        """DELETE a path and return the JSON."""
        return self._ask("DELETE", path, None, {})

    def put(self, path: str, body: bytes) -> Any:
        """PUT a body and return the JSON."""
        return self._ask("PUT", path, body, {})

    def patch(self, path: str, document: Mapping[str, Any]) -> Any:
        """PATCH a document and return the JSON."""
        return self._ask("PATCH", path, json.dumps(document).encode(), {})

    def post(self, path: str, document: Mapping[str, Any], *, request_id: str = "") -> Any:
        """POST a document and return the JSON; sent again only with a request id."""
        headers = {"Idempotency-Key": request_id} if request_id else {}
        return self._ask("POST", path, json.dumps(document).encode(), headers)

    def upload(self, path: str, query: Sequence[tuple[str, str]], octets: bytes) -> Any:
        """POST a file and return the JSON."""
        return self._ask("POST", f"{path}?{urlencode(query)}", octets, {})

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        may_repeat = method in ("GET", "PUT", "PATCH") or bool(headers)
        for tries_left in reversed(range(self._tries)):
            try:
                response, answer = self._exchange(method, path, body, headers)
            except Unanswered:
                if not may_repeat or not tries_left:
                    raise
                continue
            if tries_left and (wait_s := _wait_s(response)) is not None:
                self._sleep(wait_s)
                continue
            return self._judge(response, answer)
        raise AssertionError

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        response = self._request(method, path, body, headers)
        try:
            answer = response.read(_MAX_OCTETS)
        except (OSError, HTTPException) as error:
            raise self._no_answer(error) from None
        if response.will_close:
            self._connection = None
        return response, answer

    def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        """Send a request; the response with its head read."""
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        connection = self._connected()
        try:
            connection.request(method, self._base.path + path, body, self._headers | headers)
            response = connection.getresponse()
        except (OSError, HTTPException) as error:
            raise self._no_answer(error) from None
        self._warn_of_copy(method, response)
        return response

    def _warn_of_copy(self, method: str, response: HTTPResponse) -> None:
        """Say once that what is sent now waits until a person confirms the copy."""
        if method == "POST" and not self._has_warned and response.headers.get("Simpost-Sending"):
            self._has_warned = True
            print(_IS_COPY, file=sys.stderr)

    def _no_answer(self, error: Exception) -> Unanswered:
        self.close()
        return Unanswered(
            f"{self.url} gave no answer ({_said(error)}); it may have taken the request or not."
        )

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            kind = HTTPSConnection if self._base.scheme == "https" else HTTPConnection
            try:
                connection = kind(
                    str(self._base.hostname), self._base.port, timeout=self._timeout_s
                )
                connection.connect()
            except (OSError, HTTPException, ValueError) as error:
                raise Unreachable(
                    f"no simpost answers at {self.url} ({_said(error)}). Start one with "
                    "`simpost serve` or `simpost demo`, or say where it is with --url."
                ) from None
            self._connection = connection
        return self._connection

    def _judge(self, response: HTTPResponse, answer: bytes) -> Any:
        try:
            document = json.loads(answer)
        except ValueError:
            document = None
        if 200 <= response.status < 300 and isinstance(document, dict):
            return document
        code = document.get("code") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(code, str):
            raise RequestRefused(
                f"what answers at {self.url} is no simpost (HTTP {response.status})",
                status=response.status,
                code="",
            )
        raise RequestRefused(_in_words(document), status=response.status, code=code)


def _with_query(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _in_words(problem: dict[str, Any]) -> str:
    words = [str(problem.get("detail") or problem["code"])]
    words += [f"{each.get('at')}: {each.get('reason')}." for each in problem.get("errors", ())]
    if remedy := problem.get("remedy"):
        words.append(str(remedy))
    if again_at := problem.get("resendAt"):
        words.append(f"Possible again at {again_at}.")
    return visible(" ".join(words))


def _wait_s(response: HTTPResponse) -> float | None:
    """Seconds until the next try; `None` if there is none, or not soon."""
    if response.status not in (429, 503):
        return None
    try:
        wait_s = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return 1.0
    return wait_s if wait_s <= _MAX_WAIT_S else None


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
