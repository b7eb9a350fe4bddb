"""JSON values as the frozen dataclasses of the models, and fields as JSON."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from simpost_client.calls import Response
from simpost_client.errors import UnexpectedResponse

T = TypeVar("T")

NAMES: Final = {"sender": "from", "message_class": "class"}
"""Names of fields that Python, or plain reading, does not allow."""

_SIMPLE: Final[Mapping[Any, tuple[type, ...]]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
}


def json_name(name: str) -> str:
    """The name of a field in JSON: `esim_tran_no` is esimTranNo."""
    if name in NAMES:
        return NAMES[name]
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def reader(kind: type[T]) -> Callable[[Response], T]:
    """What reads a response as a model."""

    def read(response: Response) -> T:
        return decode(kind, response.json())

    return read


def decode(kind: type[T], value: object, at: str = "") -> T:
    """The model of a JSON object. Unknown fields are ignored; a missing one must be optional."""
    if not isinstance(value, Mapping):
        raise UnexpectedResponse(f"{at or kind.__name__} is no object")
    given: dict[str, Any] = {}
    model: Any = kind
    for name, key, needed, convert in _fields(model):
        if key in value:
            given[name] = convert(value[key], f"{at}.{key}" if at else key)
        elif needed:
            raise UnexpectedResponse(f"{kind.__name__} has no {key}")
    return kind(**given)


_Convert = Callable[[Any, str], Any]


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, str, bool, _Convert], ...]:
    hints = typing.get_type_hints(kind)
    return tuple(
        (
            each.name,
            json_name(each.name),
            each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING,
            _converter(hints[each.name]),
        )
        for each in dataclasses.fields(kind)
    )


def _converter(hint: Any) -> _Convert:
    """What checks and converts a value of a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return _optional([each for each in arguments if each is not types.NoneType])
    if origin in {tuple, dict}:
        inner = _converter(arguments[0 if origin is tuple else 1])
        return _items(inner) if origin is tuple else _entries(inner)
    if hint is datetime:
        return _time
    if dataclasses.is_dataclass(hint):
        return functools.partial(decode, typing.cast("type[Any]", hint))
    return _simple(_SIMPLE[hint]) if hint in _SIMPLE else _as_it_is


def _as_it_is(value: Any, _: str) -> Any:
    return value


def _optional(kinds: list[Any]) -> _Convert:
    """A value or None; of several types the value stays as it is."""
    inner: _Convert = _converter(kinds[0]) if len(kinds) == 1 else _as_it_is
    return lambda value, at: None if value is None else inner(value, at)


def _items(inner: _Convert) -> _Convert:
    def convert(value: Any, at: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise UnexpectedResponse(f"{at} is no array")
        return tuple(inner(each, f"{at}[{index}]") for index, each in enumerate(value))

    return convert


def _entries(inner: _Convert) -> _Convert:
    def convert(value: Any, at: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise UnexpectedResponse(f"{at} is no object")
        return {key: inner(each, f"{at}.{key}") for key, each in value.items()}

    return convert


def _simple(kinds: tuple[type, ...]) -> _Convert:
    def convert(value: Any, at: str) -> Any:
        if type(value) not in kinds:
            raise UnexpectedResponse(f"{at} is {type(value).__name__}, not {kinds[-1].__name__}")
        return value

    return convert


def _time(value: Any, at: str) -> datetime:
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise UnexpectedResponse(f"{at} is no time") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def fields(**given: Any) -> dict[str, Any]:
    """The fields that are given, as JSON; None is not given."""
    return {json_name(name): to_value(each) for name, each in given.items() if each is not None}


def query(**given: Any) -> dict[str, str]:
    """The same for the query of a URL."""
    return {name: _query_text(value) for name, value in fields(**given).items()}


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def to_value(value: Any) -> Any:
    """A value as JSON. Raises ValueError for a time without an offset."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs an offset: datetime.now(UTC), not datetime.now()")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
            f"{value.microsecond // 1000:03}Z"
        )
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in dataclasses.fields(value)]
        return fields(**{name: getattr(value, name) for name in names})
    if isinstance(value, Mapping):
        return {key: to_value(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_value(each) for each in value]
    return value
