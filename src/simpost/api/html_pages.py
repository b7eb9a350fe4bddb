"""Pages for browsers: `/` links to everything, `/docs/endpoints` lists the endpoints."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from simpost.api.shared.auth import ServicesDep

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top }}
code {{ overflow-wrap: anywhere }}
</style>
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""
_HANDSETS = '<li><a href="{url}">Handsets</a>: the texts of this demo as they arrive</li>\n'
_ROOT = """\
<h1>simpost {version}</h1>
<p>The open-source SMS service for eSIMs.</p>
<ul>
{handsets}<li><a href="docs">API documentation</a>: all endpoints, each to be tried</li>
<li><a href="openapi.json">OpenAPI document</a>: for generators of clients</li>
<li>Health: <a href="healthz">healthz</a>, whether the process responds;
<a href="readyz">readyz</a>, whether it can do its work</li>
</ul>"""
_DOCS = """\
<h1>API of simpost {version}</h1>
<p>The <a href="../openapi.json">OpenAPI document</a> has the fields of every endpoint.
<a href="../docs">Back</a></p>
{sections}"""
_TITLES = {
    "open": "Compatible API",
    "messages": "Messages",
    "inbound": "Inbound messages",
    "preferences": "Preferences",
    "admin": "Administrator",
    "health": "Health",
}


@router.get("/")
async def show_root(services: ServicesDep) -> HTMLResponse:
    """The start page."""
    url = services.handsets_url
    handsets = _HANDSETS.format(url=escape(url)) if url else ""
    content = _ROOT.format(version=escape(services.version), handsets=handsets)
    return HTMLResponse(_PAGE.format(title="simpost", content=content), headers=_HEADERS)


@router.get("/docs/endpoints")
async def show_endpoints(request: Request, services: ServicesDep) -> HTMLResponse:
    """The list of endpoints, made from the OpenAPI document."""
    document = await asyncio.to_thread(request.app.openapi)
    sections = "\n".join(_section(tag, operations) for tag, operations in _by_tag(document).items())
    content = _DOCS.format(version=escape(services.version), sections=sections)
    return HTMLResponse(_PAGE.format(title="API of simpost", content=content), headers=_HEADERS)


def _by_tag(document: dict[str, Any]) -> dict[str, list[str]]:
    """Table rows of operations by tag, in the order of `_TITLES`."""
    found: dict[str, list[str]] = {tag: [] for tag in _TITLES}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            found.setdefault(operation["tags"][0], []).append(_row(method, path, operation))
    return found


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    words = [operation["summary"], operation.get("description", "")]
    described = "<br>".join(escape(each) for each in words if each)
    return (
        f'<tr><th scope="row"><code>{method.upper()} {escape(path)}</code></th>'
        f"<td>{described}</td></tr>"
    )


def _section(tag: str, rows: list[str]) -> str:
    title = escape(_TITLES.get(tag, tag.capitalize()))
    return "\n".join((f"<h2>{title}</h2>", "<table>", *rows, "</table>"))
