"""Files that pages load: style sheets, scripts and an icon, all of this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from simpost.api.shared.packaged_files import PackagedFiles
from simpost.console.page import HEADERS

HTMX_SHA256: Final = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
"""Of `dist/htmx.min.js` in the npm package htmx.org 4.0.1, whose licence is `htmx.LICENSE`."""
UPLOT_SHA256: Final = {
    "uplot.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""Of `dist/uPlot.iife.min.js` and `dist/uPlot.min.css` in the npm package uplot 1.6.32, whose
licence is `uplot.LICENSE`."""


@cache
def console_assets() -> PackagedFiles:
    """The files of the console."""
    return PackagedFiles(files("simpost.console").joinpath("assets"), "/console/assets", HEADERS)
