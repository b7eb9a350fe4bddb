"""Files that pages load: style sheets, scripts and an icon, all of this package."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

from starlette.responses import Response

from simpost.console.page import HEADERS

HTMX_SHA256: Final = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
"""Of `dist/htmx.min.js` in the npm package htmx.org 4.0.1, whose licence is `htmx.LICENSE`."""
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Assets:
    """The files, read once. A URL carries the digest, so that browsers keep a file for a year."""

    def __init__(self) -> None:
        folder = files("simpost.console").joinpath("assets")
        self._octets = {
            each.name: each.read_bytes()
            for each in folder.iterdir()
            if _suffix(each.name) in _TYPES
        }
        self._digests = {
            name: hashlib.sha256(octets).hexdigest()[:16] for name, octets in self._octets.items()
        }

    def url(self, name: str) -> str:
        """The path of a file, with its digest."""
        return f"/console/assets/{self._digests[name]}/{name}"

    def response(self, digest: str, name: str) -> Response | None:
        """The file; `None` if there is none with this digest."""
        if self._digests.get(name) != digest:
            return None
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(
            self._octets[name], media_type=_TYPES[_suffix(name)], headers={**HEADERS, **kept}
        )


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix
