"""The JSON body of a request, from the template in the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simpost.domain.messages import format_id
from simpost.ports.carrier import OutboundPart

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


class BodyTemplate:
    """A JSON value with placeholders in its strings; see `HttpCarrierSettings.body`."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._template = template

    def render(self, part: OutboundPart) -> bytes:
        """Return the body for a part. Placeholders in inserted values are not replaced."""
        values = {
            "destination": part.destination,
            "text": part.text,
            "sender": part.sender,
            "message_id": format_id(part.message_id),
            "part": str(part.number),
        }
        return msgspec.json.encode(_filled(self._template, values))


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: values[found[1]], value)
    if isinstance(value, Mapping):
        return {key: _filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    return value
