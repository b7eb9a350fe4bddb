from __future__ import annotations

from pathlib import Path

import pytest

from simpost.config import load
from simpost.config.credentials import FOLDER, has_secrets
from simpost.errors import ConfigError

KEY = "h1BJ1wWnn3qhbGLhoVjM1U7fHM9s2T6FzcpVrXyP9tk="
TEXT = """\
[server]
admin_token = "credential:admin_token"

[store]
database_url = "credential:database"
secrets_key = "credential:secrets_key"

[[carriers]]
type = "smpp"
name = "one"
host = "smsc.example.com"
system_id = "reseller"
password = "credential:carrier-one"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "simpost.toml"
    path.write_text(TEXT)
    for name, secret in {
        "admin_token": "a-token-of-your-own\n",
        "secrets_key": KEY,
        "carrier-one": "hush\r\n",
        "database": "postgresql://simpost:pass@db/simpost\n",
    }.items():
        (tmp_path / name).write_text(secret, newline="")
    return path


def test_secrets_are_read_from_files_without_their_line_end(config: Path) -> None:
    settings = load(config, {FOLDER: str(config.parent)})
    assert settings.server.admin_token.get_secret_value() == "a-token-of-your-own"
    assert settings.store.database_url == "postgresql://simpost:pass@db/simpost"
    (carrier,) = settings.carriers
    assert carrier.type == "smpp"
    assert carrier.password.get_secret_value() == "hush"


def test_a_variable_can_name_a_credential(config: Path) -> None:
    config.write_text(TEXT.replace("credential:admin_token", "in-the-file"))
    environment = {
        FOLDER: str(config.parent),
        "SIMPOST_SERVER__ADMIN_TOKEN": "credential:secrets_key",
    }
    assert load(config, environment).server.admin_token.get_secret_value() == KEY


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "is not UTF-8"),
        (b"x" * 65_537, "has more than 65536 octets"),
    ],
)
def test_a_missing_credential_is_named_with_its_line(
    config: Path, content: bytes | None, reason: str
) -> None:
    (config.parent / "carrier-one").unlink()
    if content is not None:
        (config.parent / "carrier-one").write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load(config, {FOLDER: str(config.parent)})
    assert str(refused.value) == (
        f"{config}:13: carriers[0].password: the credential {config.parent}/carrier-one {reason}"
    )


def test_without_a_folder_every_credential_is_named(config: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(config)
    assert len(str(refused.value).splitlines()) == 4
    assert "CREDENTIALS_DIRECTORY does not say" in str(refused.value)


@pytest.mark.parametrize("name", ["../admin_token", "/etc/passwd", "", "a b"])
def test_no_other_file_is_read(config: Path, name: str) -> None:
    config.write_text(TEXT.replace("credential:carrier-one", f"credential:{name}"))
    with pytest.raises(ConfigError, match="at most 8"):  # the text itself, which is no password
        load(config, {FOLDER: str(config.parent)})


def test_a_file_has_secrets_that_are_not_credentials(config: Path) -> None:
    settings = load(config, {FOLDER: str(config.parent)})
    assert not has_secrets(settings, TEXT)
    for secret in ("a-token-of-your-own", KEY, "hush", "postgresql://simpost:pass@db/simpost"):
        assert has_secrets(settings, f'{TEXT}# "{secret}"')
