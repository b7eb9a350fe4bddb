"""The settings of the store, and of one process among several on it."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from simpost.config.section import NAME, Section
from simpost.config.text_keys import TextKey, parse_text_keys

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


class StoreSettings(Section):
    """Where messages are stored."""

    database_url: str = Field(
        default="sqlite:///simpost.db",
        validate_default=True,
        repr=False,
        description="`sqlite:///FILE`; a relative FILE is relative to the configuration file, "
        "`sqlite:////FILE` is absolute. Or `postgresql://USER:PASSWORD@HOST/DATABASE`, see "
        "[postgres.md](postgres.md).",
    )
    listen_url: str = Field(
        default="",
        repr=False,
        description="PostgreSQL URL that bypasses the pooler, for LISTEN/NOTIFY; empty: "
        "`database_url`, or polling if that has `pgbouncer=true`.",
    )
    secrets_key: SecretStr = Field(
        description="Fernet key (32 octets, URL-safe base64) that encrypts secrets in the "
        "store. Without it they are lost: keep a copy in another place.",
    )
    text_key: SecretStr = Field(
        default=SecretStr(""),
        description="Keys that seal texts in the store, as `ID:KEY` with 32 octets in base64; "
        "several are separated by commas: the first seals, all open ([sealing.md](sealing.md)). "
        "Empty: only one-time codes are sealed, with a key derived from `secrets_key`.",
    )

    instance_file: str = Field(
        default="",
        description="File of this node that recognises a PostgreSQL database which was replaced "
        "by an older one ([backups.md](backups.md#copies)); a relative path is relative to the "
        "configuration file. Empty: none. The embedded store always has one beside it.",
    )

    @property
    def text_keys(self) -> tuple[TextKey, ...]:
        """The keys of `text_key`; the first one seals."""
        return parse_text_keys(self.text_key.get_secret_value())

    @property
    def is_embedded(self) -> bool:
        return self.database_url.startswith(_SQLITE)

    @property
    def path(self) -> Path:
        """The file of the embedded store; absolute when loaded from a file."""
        return Path(self.database_url.removeprefix(_SQLITE))

    @property
    def instance_path(self) -> Path | None:
        """`instance_file` as a path; absolute when loaded from a file."""
        return Path(self.instance_file) if self.instance_file else None

    @field_validator("instance_file")
    @classmethod
    def _beside_the_configuration(cls, name: str, info: ValidationInfo) -> str:
        return str((info.context or {}).get("folder", Path()) / name) if name else ""

    @field_validator("database_url")
    @classmethod
    def _a_file_or_database(cls, url: str, info: ValidationInfo) -> str:
        if url.startswith(_POSTGRES):
            return url
        if not url.startswith(_SQLITE) or not (name := url.removeprefix(_SQLITE)):
            raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
        if ":memory:" in name or "?" in name:
            raise ValueError("must be a plain file: accepted messages must survive")
        folder = (info.context or {}).get("folder", Path())
        return _SQLITE + str(folder / name)

    @field_validator("listen_url")
    @classmethod
    def _a_database(cls, url: str) -> str:
        if url and not url.startswith(_POSTGRES):
            raise ValueError("must be postgresql://USER:PASSWORD@HOST/DATABASE")
        return url

    @field_validator("secrets_key")
    @classmethod
    def _a_fernet_key(cls, key: SecretStr) -> SecretStr:
        try:
            octets = base64.b64decode(key.get_secret_value(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            octets = b""
        if len(octets) != 32:
            raise ValueError("must be a Fernet key: 32 octets in URL-safe base64")
        return key

    @field_validator("text_key")
    @classmethod
    def _are_text_keys(cls, keys: SecretStr) -> SecretStr:
        parse_text_keys(keys.get_secret_value())
        return keys


Role = Literal["api", "dispatch", "carrier"]
ROLES: tuple[Role, ...] = ("api", "dispatch", "carrier")


class NodeSettings(Section):
    """A node of a cluster on one PostgreSQL ([nodes.md](nodes.md))."""

    name: str = Field(
        default="",
        pattern=rf"^$|{NAME[:-1]}$",
        description="Name of the node, unique in the cluster. Empty: the host name and four "
        "random characters.",
    )
    roles: frozenset[Role] = Field(
        default=frozenset(ROLES),
        min_length=1,
        description="Roles of the node: `api` serves requests, `dispatch` maintains the queue, "
        "`carrier` keeps binds.",
    )
    lease_s: float = Field(
        default=15,
        ge=3,
        le=300,
        description="Seconds a silent node keeps its binds. After half of it without a response "
        "of the database it releases them.",
    )
    yield_binds_after_s: float = Field(
        default=30,
        ge=1,
        le=3600,
        description="Seconds a node tries to bind to a carrier without success before another "
        "node tries; doubled each time, up to eightfold.",
    )
