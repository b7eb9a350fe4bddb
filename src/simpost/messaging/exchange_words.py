"""Words for the exchange of an attempt, as the native API returns it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

_REQUESTS: Final = {
    "of_attempt": "built again from the message, with the settings of that time",
    "of_now": "built again from the message, with the settings of now",
}
_RESPONSES: Final = {
    "memory": "as it was read",
    "store": "in short, as it is stored",
}


def title_of(exchange: dict[str, Any]) -> str:
    """Which attempt of which part, by which carrier and connection."""
    by = " ".join(filter(None, (exchange["protocol"].upper(), exchange["connection"])))
    carrier = f"{exchange['carrier']} ({by})" if by else exchange["carrier"]
    return f"part {exchange['part']}, attempt {exchange['attempt']} by {carrier}"


def words_of_sides(exchange: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The request and the response, each with what it is and where it is from."""
    if request := exchange["request"]:
        yield f"{request['name']}, {_REQUESTS[exchange['settings']]}", request
    if response := exchange["response"]:
        yield f"{response['name']}, {_RESPONSES[exchange['source']]}", response
