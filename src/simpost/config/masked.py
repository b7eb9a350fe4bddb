"""Settings without their secrets, and the secrets of settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from pydantic import BaseModel, SecretStr

MASK: Final = "SECRET"
"""What stands in place of a secret; an empty one stays empty."""
ModelT = TypeVar("ModelT", bound=BaseModel)


def without_secrets(settings: ModelT) -> ModelT:
    """A copy in which every secret is `MASK`, so that nothing made of it can have one."""
    update = {name: _masked(getattr(settings, name)) for name in type(settings).model_fields}
    return settings.model_copy(update=update)


def secrets_of(value: Any) -> Iterator[str]:
    """Every secret that is not empty."""
    if isinstance(value, SecretStr):
        if text := value.get_secret_value():
            yield text
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, dict):
        for each in value.values():
            yield from secrets_of(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from secrets_of(each)


def _masked(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return SecretStr(MASK) if value.get_secret_value() else value
    if isinstance(value, BaseModel):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_masked(each) for each in value)
    return value
