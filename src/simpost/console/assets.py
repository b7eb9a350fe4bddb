"""Files that pages load: style sheets, scripts and an icon, all of this package."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

from starlette.responses import Response

from simpost.console.page import HEADERS

HTMX_SHA256: Final = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
"""Of `dist/htmx.min.js` in the npm package htmx.org 4.0.1, whose licence is `htmx.LICENSE`."""
UPLOT_SHA256: Final = {
    "uplot.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""Of `dist/uPlot.iife.min.js` and `dist/uPlot.min.css` in the npm package uplot 1.6.32, whose
licence is `uplot.LICENSE`."""
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
        self._packed = {
            name: gzip.compress(octets, 9, mtime=0) for name, octets in self._octets.items()
        }

    def url(self, name: str) -> str:
        """The path of a file, with its digest."""
        return f"/console/assets/{self._digests[name]}/{name}"

    def response(self, digest: str, name: str, encodings: str = "") -> Response | None:
        """The file, packed where Accept-Encoding allows it; `None` without one of this digest."""
        if self._digests.get(name) != digest:
            return None
        kept = {
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
        }
        octets = self._octets[name]
        if "gzip" in (each.strip() for each in encodings.split(",")):
            octets, kept["Content-Encoding"] = self._packed[name], "gzip"
        return Response(octets, media_type=_TYPES[_suffix(name)], headers={**HEADERS, **kept})


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix
