"""A token sends one prepared message, for one key and session, for ten minutes."""

import re

import pytest

from simpost.mcp.confirmations import (
    LIFE_S,
    MAX_OF_PRINCIPAL,
    MAX_TOKENS,
    TOKEN_PATTERN,
    Confirmations,
    Principal,
    act_of,
)

ME = Principal("demo", "0123456789", "session")
REQUEST = {"esimTranNo": "26010100000001", "category": "support", "text": "Hi"}


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(clock):
    return Confirmations(clock)


def test_a_token_finds_its_message(tokens):
    token = tokens.add(ME, REQUEST, "Hi")
    assert re.match(TOKEN_PATTERN, token)
    found = tokens.find(ME, token)
    assert (found.request, found.shown, found.result) == (REQUEST, "Hi", None)


@pytest.mark.parametrize(
    "other",
    [
        ME._replace(account="other"),
        ME._replace(key_id="9876543210"),
        ME._replace(session="another"),
    ],
)
def test_a_token_is_of_one_account_key_and_session(tokens, other):
    assert tokens.find(other, tokens.add(ME, REQUEST, "Hi")) is None


def test_a_token_ends_after_its_life(tokens, clock):
    token = tokens.add(ME, REQUEST, "Hi")
    clock.now_s = LIFE_S - 1
    assert tokens.find(ME, token)
    clock.now_s = LIFE_S
    assert tokens.find(ME, token) is None
    assert len(tokens) == 0


def test_a_changed_request_does_not_change_what_was_prepared(tokens):
    request = dict(REQUEST)
    token = tokens.add(ME, request, "Hi")
    request["esimTranNo"] = "26010100000002"
    assert tokens.find(ME, token).request == REQUEST


def test_the_oldest_token_of_a_session_makes_room(tokens):
    given = [tokens.add(ME, REQUEST, "Hi") for _ in range(MAX_OF_PRINCIPAL + 1)]
    assert tokens.find(ME, given[0]) is None
    assert all(tokens.find(ME, token) for token in given[1:])


def test_all_sessions_together_are_bounded(tokens):
    for number in range(MAX_TOKENS + 5):
        tokens.add(ME._replace(session=str(number)), REQUEST, "Hi")
    assert len(tokens) == MAX_TOKENS


def test_a_dropped_token_sends_nothing(tokens):
    token = tokens.add(ME, REQUEST, "Hi")
    tokens.drop(token)
    assert tokens.find(ME, token) is None


def test_names_of_a_token_do_not_tell_it(tokens):
    token = tokens.add(ME, REQUEST, "Hi")
    found = tokens.find(ME, token)
    assert found.act == act_of(token)
    assert re.fullmatch("[0-9a-f]{32}", found.act)
    assert token[8:] not in found.request_id + found.act
