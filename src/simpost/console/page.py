"""Renders a page: templates that escape everything, and headers that allow no other content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from simpost.console.ages import duration
from simpost.domain.message_counts import show_delay
from simpost.domain.plurals import counted
from simpost.text.display import visible_lines

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy of every response: no inline script or style, no other host."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" browsers send "Origin: null" with a form, which proves nothing.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


class Pages:
    """The templates. `facts` are values that every page has."""

    def __init__(self, **facts: Any) -> None:
        self._templates = Environment(
            loader=PackageLoader("simpost.console"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_visible,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(facts)
        self._templates.filters |= {
            "time": show_time,
            "counted": counted,
            "duration": duration,
            "delay": show_delay,
            "pairs": lambda names: [(name, name) for name in names],
        }

    def render(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page with these values."""
        text = self._templates.get_template(f"{name}.html").render(**values)
        return HTMLResponse(text, status_code=status, headers=HEADERS)


def _visible(value: Any) -> Any:
    """A text without characters that hide or turn around what stands beside them."""
    return visible_lines(value) if type(value) is str else value


def show_time(time: str | None) -> str:
    """An RFC 3339 time in UTC, to the second; a dash without one."""
    return f"{time[:10]} {time[11:19]}" if time else "-"
