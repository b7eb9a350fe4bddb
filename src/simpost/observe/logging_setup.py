"""Log lines on stderr, for people or programs.

A line is an event word and fields, never prose built from values. Secrets and message text do not
belong in fields; those that get there by mistake are masked before anything is written.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from simpost.text.display import visible, visible_lines

MASK = "***"

_SECRET_WORDS = ("password", "passwd", "secret", "token", "authorization", "signature", "cookie")
_TEXT_NAMES = frozenset(
    {"text", "content", "body", "short_message", "message_payload", "user_data", "sms", "ac"}
    | {"pin", "puk", "secrets_key", "text_key", "otp"}
)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose lines carry the module's name; usable before `configure_logging`."""
    logger: FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def configure_logging(
    level: Literal["debug", "info", "warning", "error"] = "info",
    format: Literal["console", "json"] = "console",  # noqa: A002  the word of the settings
    stream: TextIO | None = None,
) -> None:
    """Write lines of `level` and above to `stream` (stderr); libraries use the same format."""
    given = stream or sys.stderr
    lossy = cast("TextIO", _LossyStream(given))
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    last = _last_steps(format, colors=given.isatty())
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(lossy),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(lossy)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_add_module, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))


class _LossyStream(io.TextIOBase):
    """Drops lines that cannot be written: a full disk or closed pipe must not fail a request."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


def mask_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask fields whose names say that they hold a secret or a message text. A last safeguard."""
    for name, value in event.items():
        if _is_private(name):
            event[name] = MASK
        elif isinstance(value, Mapping | list | tuple):
            event[name] = _masked(value)
    return event


def _add_module(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event["module"] = event["_record"].name
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: MASK if _is_private(str(name)) else _masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def _is_private(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return plain in _TEXT_NAMES or any(word in plain for word in _SECRET_WORDS)


def _last_steps(format: Literal["console", "json"], *, colors: bool) -> list[Processor]:  # noqa: A002
    """The rendering steps. Tracebacks have no values of variables: these may be secrets."""
    if format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ]
    renderer = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_write_traceback)
    return [_escape_controls, renderer]


def _write_traceback(stream: TextIO, exception: Any) -> None:
    written = io.StringIO()
    structlog.dev.plain_traceback(written, exception)
    stream.write(visible_lines(written.getvalue()))


def _escape_controls(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Escape control characters: peers choose some values. JSON escapes its own."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = visible(value)
    return event
