"""Files of the package that browsers load: each under a URL with its digest, packed once."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Final

from starlette.responses import Response

TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""The media types of files that are served; others of a folder are not."""


class PackagedFile:
    """One file, read when it is asked for first."""

    def __init__(self, file: Traversable) -> None:
        self._file = file
        self.media_type = TYPES[_suffix(file)]

    @cached_property
    def octets(self) -> bytes:
        """The file."""
        return self._file.read_bytes()

    @cached_property
    def packed(self) -> bytes:
        """The file with gzip."""
        return gzip.compress(self.octets, 9, mtime=0)

    @cached_property
    def digest(self) -> str:
        """The beginning of its SHA-256, in hex."""
        return hashlib.sha256(self.octets).hexdigest()[:16]


class PackagedFiles:
    """The files of a folder. A URL carries the digest, so that browsers keep a file for a year."""

    def __init__(self, folder: Traversable, prefix: str, headers: Mapping[str, str]) -> None:
        """`prefix` is what URLs begin with; every response has the `headers`."""
        self._prefix = prefix
        self._headers = headers
        self._files = {
            each.name: PackagedFile(each) for each in folder.iterdir() if _suffix(each) in TYPES
        }

    def url(self, name: str) -> str:
        """The path of a file, with its digest."""
        return f"{self._prefix}/{self._files[name].digest}/{name}"

    def response(self, digest: str, name: str, encodings: str = "") -> Response | None:
        """The file, packed where Accept-Encoding allows it; `None` without one of this digest."""
        file = self._files.get(name)
        if file is None or file.digest != digest:
            return None
        headers = {
            **self._headers,
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
        }
        octets = file.octets
        if "gzip" in (each.strip() for each in encodings.split(",")):
            octets, headers["Content-Encoding"] = file.packed, "gzip"
        return Response(octets, media_type=file.media_type, headers=headers)


def _suffix(file: Traversable) -> str:
    return PurePosixPath(file.name).suffix
