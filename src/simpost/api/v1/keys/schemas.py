"""JSON of API keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

from simpost.api.shared.paging import Instant
from simpost.api.shared.schemas import Schema, Time, format_time, show_time
from simpost.domain.api_keys import ApiKey, KeyScope
from simpost.messaging.api_keys import NewApiKey


def _check_printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("must have visible characters only")
    return text


KeyName = Annotated[StrictStr, Field(min_length=1, max_length=64), AfterValidator(_check_printable)]
Scopes = Annotated[list[KeyScope], Field(min_length=1, max_length=len(KeyScope))]


class KeyRequest(Schema):
    """Without `expiresAt` the key is valid until it is revoked."""

    name: KeyName
    scopes: Scopes
    expires_at: Instant | None = None


class KeyOut(Schema):
    """A key without its secret. `lastUsedAt` is accurate to about a minute."""

    id: str
    name: str
    scopes: list[KeyScope]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class AddedKey(KeyOut):
    """`key` is shown only in this response: it is not stored."""

    key: str


class KeyList(Schema):
    """All keys of the account, the oldest first, expired ones included."""

    keys: list[KeyOut]


class RevokedKey(Schema):
    """The key is refused from now on, on every node within a second."""

    id: str


def show_key(key: ApiKey) -> KeyOut:
    """The key as JSON shows it."""
    return KeyOut(
        id=key.id,
        name=key.name,
        scopes=sorted(key.scopes),
        created_at=format_time(key.created_ms),
        expires_at=show_time(key.expires_ms),
        last_used_at=show_time(key.last_used_ms),
    )


def show_added(added: NewApiKey) -> AddedKey:
    """The key with its secret."""
    return AddedKey(**show_key(added.key).model_dump(by_alias=False), key=added.text)
