"""Lets a server hear what a browser complains about on its pages.

WebKit's driver has no log. An ASGI app that is watched names a place for reports in its policy,
and its pages load one more script from itself, which sends errors and warnings there.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REPORTS: Final = "/engines/reports"
BROKEN: Final = "/engines/broken"
_SCRIPT: Final = "/engines/watch.js"
_TAG: Final = f'<head><script src="{_SCRIPT}"></script>'.encode()
_CODE: Final = f"""
"use strict";
(() => {{
  const say = (words) => navigator.sendBeacon("{REPORTS}", words);
  window.sayToWatch = say;
  addEventListener("error", (event) => {{
    const {{src, href}} = event.target;
    say(`error: ${{event.message || src || href}} on ${{location.href}}`);
  }}, true);
  addEventListener("unhandledrejection", ({{reason}}) => {{
    say(`rejected: ${{reason.message || JSON.stringify(reason)}}`);
  }});
  for (const level of ["error", "warn"]) {{
    const own = console[level];
    console[level] = (...words) => {{
      say(`${{level}}: ${{words.join(" ")}}`);
      own.apply(console, words);
    }};
  }}
}})();
""".encode()
_BROKEN: Final = b"""<!doctype html><html lang="en"><head><title>Broken</title></head><body>
<p>ready</p><script>window.ran = 1</script><script src="/engines/fails.js"></script></body></html>
"""
_FAILS: Final = b'"use strict"; console.error("said aloud"); nothing.here();'
_OWN: Final = {
    _SCRIPT: (b"text/javascript", _CODE),
    BROKEN: (b"text/html", _BROKEN),
    "/engines/fails.js": (b"text/javascript", _FAILS),
}


class Watched:
    """An ASGI app, and what browsers reported about its pages."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._policy = policy.encode()
        self.reports: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; what is not of the watch is the app's."""
        path = scope.get("path", "")
        if path == REPORTS:
            self.reports.append((await _body(receive)).decode())
            await _answer(send, b"text/plain", b"", self._policy)
        elif path in _OWN:
            changed = _Changed(send) if path == BROKEN else send
            await _answer(changed, *_OWN[path], self._policy)
        else:
            await self._app(_plain(scope), receive, _Changed(send))


class _Changed:
    """Adds the place for reports to the policy, and the script to a page."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message["headers"]]
            message["headers"] = [_reporting(*each) for each in headers]
            if dict(headers).get(b"content-type", b"").startswith(b"text/html"):
                self._start = message
                return
        elif self._start:
            start, self._start = self._start, None
            assert not message.get("more_body")
            body = message["body"] = message.get("body", b"").replace(b"<head>", _TAG, 1)
            length = (b"content-length", b"%d" % len(body))
            kept = [each for each in start["headers"] if each[0] != b"content-length"]
            await self._send({**start, "headers": [*kept, length]})
        await self._send(message)


def _reporting(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name == b"content-security-policy":
        return name, value + f"; report-uri {REPORTS}".encode()
    return name, value


def _plain(scope: Scope) -> Scope:
    """The request without the wish for a compressed answer."""
    if "headers" not in scope:
        return scope
    return {
        **scope,
        "headers": [each for each in scope["headers"] if each[0] != b"accept-encoding"],
    }


async def _answer(send: Send, kind: bytes, body: bytes, policy: bytes) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"content-security-policy", policy),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
