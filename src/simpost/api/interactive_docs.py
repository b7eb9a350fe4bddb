"""`/docs`: the API in a browser, where each request can be tried (Swagger UI).

The files are of this package; nothing is loaded from other hosts. Without scripts the page leads to
the list of endpoints.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from simpost.api.shared.packaged_files import PackagedFiles
from simpost.api.shared.problems import Problem, ProblemCode

SWAGGER_SHA256: Final = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}
"""Of these files in the npm package swagger-ui-dist 5.35.0, whose licence is
`swagger-ui.LICENSE`; `swagger-ui-bundle.LICENSE` has those of its parts."""
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of simpost</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
<link rel="stylesheet" href="{own_style}">
<script src="{bundle}" defer></script>
<script src="{start}" defer></script>
</head>
<body>
<header>
<p class="ways"><a href="./">simpost</a> <a href="docs/endpoints">All endpoints on one page</a>
<a href="openapi.json">OpenAPI document</a></p>
<noscript><p class="ways">Without scripts, read <a href="docs/endpoints">the list of
endpoints</a>.</p></noscript>
</header>
<div id="api"></div>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)
_files = PackagedFiles(files("simpost.api").joinpath("docs_files"), "docs/files", _HEADERS)


@router.get("/docs")
async def show_docs() -> HTMLResponse:
    """The page."""
    names = {"style": "swagger-ui.css", "own_style": "docs.css",
             "bundle": "swagger-ui-bundle.js", "start": "docs.js"}  # fmt: skip
    page = _PAGE.format_map({field: _files.url(name) for field, name in names.items()})
    return HTMLResponse(page, headers=_HEADERS)


@router.get("/docs/files/{digest}/{name}")
async def send_file(digest: str, name: str, request: Request) -> Response:
    """A file that the page loads."""
    encodings = request.headers.get("accept-encoding", "")
    found = await asyncio.to_thread(_files.response, digest, name, encodings)  # packing takes long
    if found is None:
        raise Problem(404, ProblemCode.NOT_FOUND, "There is no such file.")
    return found
