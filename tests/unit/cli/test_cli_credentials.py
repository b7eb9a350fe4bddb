"""Credentials of commands: access code and secret, an API key, or the admin token."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from simpost.cli import COMMANDS, find
from simpost.cli.options import account_server, is_admins
from simpost.domain.api_keys import format_key
from simpost.errors import ConfigError

CODE = {"RT-AccessCode": "a", "RT-SecretKey": "s"}
TOKEN = format_key("0123456789", bytes(32))
KEY = {"Authorization": f"Bearer {TOKEN}"}


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All commands with their words."""
    for word, command in COMMANDS.items():
        found = find(command)
        if isinstance(found, typer.Typer):
            for each in found.registered_commands:
                assert each.callback is not None
                yield f"{word} {each.name or each.callback.__name__}", each.callback
        else:
            yield word, found


def annotations_of(function: Callable[..., Any]) -> set[str]:
    return {str(each.annotation) for each in inspect.signature(function).parameters.values()}


OF_ACCOUNTS = [(word, each) for word, each in functions() if "Secret" in annotations_of(each)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [(("a", "s", None), CODE), ((None, None, TOKEN), KEY), (("a", "s", TOKEN), KEY)],
)
def test_a_key_is_used_instead_of_access_code_and_secret(
    given: tuple[str | None, ...], expected: dict[str, str]
) -> None:
    server = account_server("http://127.0.0.1:1", None, *given)
    sent = {name: server._headers[name] for name in (*CODE, *KEY) if name in server._headers}
    assert sent == expected


@pytest.mark.parametrize("given", [(None, None, None), ("a", None, ""), (None, "s", None)])
def test_missing_credentials_are_named_with_both_remedies(given: tuple[str | None, ...]) -> None:
    with pytest.raises(ConfigError, match=r"--access-code and --secret.*--api-key"):
        account_server("http://127.0.0.1:1", None, *given)


@pytest.mark.parametrize("key", ["k", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper()])
def test_a_mistyped_key_is_found_before_it_is_sent(key: str) -> None:
    with pytest.raises(ConfigError, match="mistyped or cut off"):
        account_server("http://127.0.0.1:1", None, None, None, key)


def test_a_key_is_a_credential_of_the_account(tmp_path: Path) -> None:
    nowhere = tmp_path / "simpost.toml"
    assert not is_admins(None, None, None, "k", nowhere, "token")
    assert is_admins("demo", None, None, "k", nowhere, "token")


@pytest.mark.parametrize(("word", "function"), OF_ACCOUNTS)
def test_a_command_with_a_secret_takes_a_key(word: str, function: Callable[..., Any]) -> None:
    manages_keys = word.startswith("keys ")
    assert ("ApiKey" in annotations_of(function)) is not manages_keys
