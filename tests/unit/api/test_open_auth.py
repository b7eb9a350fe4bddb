from collections.abc import Callable
from typing import Any, cast

import pytest

from simpost.api.open.auth import challenge, check_signature, needs_body, sign
from simpost.api.open.envelope import ApiError, Code
from simpost.api.open.headers import Headers, parse_headers
from simpost.domain.accounts import Account
from simpost.messaging.accounts import Accounts
from simpost.ports.store import AccountStore

NOW_MS = 1_767_225_600_000
STAMP = b"1767225600000"
REQUEST_ID = b"3f2b8c1e-5a47-4d0b-9e66-0d1c2b3a4f50"

DOCUMENTED = ("1628670421", "4ce9d9cdac9e4e17b3a2c66c358c1ce2", "11111", "1111")
OURS = ("1767225600000", "3f2b8c1e-5a47-4d0b-9e66-0d1c2b3a4f50", "demo-access", "demo-secret")

VECTORS = [
    # The vector of the public eSIM Access documentation.
    (
        DOCUMENTED,
        '{"imsi":"326543826"}',
        "7eb765e27df5373dea2dbc8c41a7d9557743e46c8054750f3d851b3fd01d0835",
    ),
    # Computed once, with OpenSSL's own HMAC.
    (
        OURS,
        '{"esimTranNo":"26010100000001","message":"Hello"}',
        "2f5466cd60a7a51498fdb45cc065de2881017a659470b01bee395ac1e454745f",
    ),
    (OURS, "", "0e22e0759a54eabd28b2da83409a9805b961481344f26889a4eac27ccb38e686"),
    (
        OURS,
        '{"esimTranNo":"26010100000001","message":"Grüße ✓"}',
        "c332acb8a6167d2f4e8b09eba18e34e92ab128b8e9a8c8c8d454a9aec8314e79",
    ),
]


class StoreOfAccounts:
    """Just enough of a store to fill `Accounts`."""

    def __init__(self, *accounts: Account) -> None:
        self._accounts = list(accounts)

    async def list_accounts(self) -> list[Account]:
        return self._accounts


async def accounts_of(*accounts: Account) -> Accounts:
    known = Accounts(cast("AccountStore", StoreOfAccounts(*accounts)))
    await known.reload()
    return known


def headers(**given: bytes) -> Headers:
    names = {
        "code": b"rt-accesscode",
        "secret": b"rt-secretkey",
        "request_id": b"rt-requestid",
        "timestamp": b"rt-timestamp",
        "signature": b"rt-signature",
    }
    return parse_headers([(names[name], value) for name, value in given.items()])


async def ask(
    account: Account,
    body: bytes = b"",
    host: str = "192.0.2.7",
    now_ms: int = NOW_MS,
    **given: bytes,
) -> Account:
    came, scope = headers(**given), {"client": (host, 4711)}
    found = challenge(
        await accounts_of(account), came, scope, clock_ms=lambda: now_ms, window_ms=300_000
    )
    if needs_body(found, came):
        check_signature(found, came, body, scope)
    return found


async def code_of(account: Account, **given: Any) -> Code:
    with pytest.raises(ApiError) as caught:
        await ask(account, **given)
    return caught.value.code


DEMO = Account(1, "demo-access", "demo-secret")


@pytest.mark.parametrize(("who", "body", "signature"), VECTORS)
def test_the_signature_is_that_of_the_documentation(
    who: tuple[str, ...], body: str, signature: str
) -> None:
    timestamp, request_id, access_code, secret = (each.encode() for each in who)
    assert sign(secret, timestamp, request_id, access_code, body.encode()) == signature


async def test_the_plain_secret_authenticates_the_account() -> None:
    assert await ask(DEMO, code=b"demo-access", secret=b"demo-secret") == DEMO


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
async def test_a_signature_is_accepted_in_either_case_of_hex(case: Callable[[str], str]) -> None:
    body = VECTORS[3][1].encode()
    signature = case(VECTORS[3][2]).encode()
    given: dict[str, Any] = {"timestamp": STAMP, "request_id": REQUEST_ID, "signature": signature}
    assert await ask(DEMO, body, code=b"demo-access", **given) == DEMO


async def test_a_signature_over_other_octets_is_refused_even_when_they_mean_the_same_json() -> None:
    body = VECTORS[3][1].replace("ß", "\\u00df").encode()
    given: dict[str, Any] = {
        "timestamp": STAMP,
        "request_id": REQUEST_ID,
        "signature": VECTORS[3][2].encode(),
    }
    assert await code_of(DEMO, body=body, code=b"demo-access", **given) == Code.CREDENTIALS_WRONG


async def test_a_wrong_signature_is_not_saved_by_the_right_secret_beside_it() -> None:
    given: dict[str, Any] = {"timestamp": STAMP, "request_id": REQUEST_ID, "signature": b"0" * 64}
    given |= {"code": b"demo-access", "secret": b"demo-secret"}
    assert await code_of(DEMO, **given) == Code.CREDENTIALS_WRONG


@pytest.mark.parametrize("signature", [b"0" * 64, b"zz", b"not hex at all"])
async def test_a_signature_that_does_not_match_is_101003_whatever_it_looks_like(
    signature: bytes,
) -> None:
    given: dict[str, Any] = {"timestamp": STAMP, "request_id": REQUEST_ID, "signature": signature}
    assert await code_of(DEMO, code=b"demo-access", **given) == Code.CREDENTIALS_WRONG


@pytest.mark.parametrize(
    ("drift_ms", "is_taken"),
    [(300_000, True), (-300_000, True), (300_001, False), (-300_001, False)],
)
async def test_a_signed_request_may_be_five_minutes_off_either_way(
    drift_ms: int, is_taken: bool
) -> None:
    given: dict[str, Any] = {
        "timestamp": STAMP,
        "request_id": REQUEST_ID,
        "signature": VECTORS[2][2].encode(),
    }
    given |= {"code": b"demo-access", "now_ms": NOW_MS + drift_ms}
    if is_taken:
        assert await ask(DEMO, **given) == DEMO
    else:
        assert await code_of(DEMO, **given) == Code.TIMESTAMP_EXPIRED


async def test_a_timestamp_in_seconds_is_understood() -> None:
    account = Account(1, "11111", "1111")
    given: dict[str, Any] = {
        "request_id": b"4ce9d9cdac9e4e17b3a2c66c358c1ce2",
        "timestamp": b"1628670421",
    }
    given |= {"code": b"11111", "signature": VECTORS[0][2].encode()}
    body = VECTORS[0][1].encode()
    assert await ask(account, body, now_ms=1_628_670_421_000, **given) == account


async def test_without_a_signature_an_old_timestamp_does_not_matter() -> None:
    given: dict[str, Any] = {
        "code": b"demo-access",
        "secret": b"demo-secret",
        "timestamp": b"1000000000000",
    }
    assert await ask(DEMO, **given) == DEMO


@pytest.mark.parametrize("timestamp", [b"now", b"1767225600.5", b"-1767225600000", b"12345"])
async def test_a_timestamp_that_is_no_unix_time_is_a_malformed_header(timestamp: bytes) -> None:
    given: dict[str, Any] = {
        "code": b"demo-access",
        "secret": b"demo-secret",
        "timestamp": timestamp,
    }
    assert await code_of(DEMO, **given) == Code.HEADER_MALFORMED


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"secret": b"demo-secret"},
        {"code": b"", "secret": b"demo-secret"},
        {"code": b"demo-access"},
        {"code": b"demo-access", "secret": b""},
        {"code": b"demo-access", "signature": b""},
        {"code": b"demo-access", "signature": b"0" * 64, "timestamp": STAMP},
        {"code": b"demo-access", "signature": b"0" * 64, "request_id": REQUEST_ID},
    ],
)
async def test_a_mandatory_header_that_is_missing_or_empty_is_000101(given: dict[str, Any]) -> None:
    assert await code_of(DEMO, **given) == Code.HEADER_MISSING


async def faults(account: Account, **given: Any) -> tuple[Any, ...]:
    with pytest.raises(ApiError) as caught:
        await ask(account, **given)
    fault = caught.value
    return fault.code, fault.message, fault.status, fault.headers


@pytest.mark.parametrize(
    "given",
    [
        {"secret": b"wrong"},
        {"timestamp": STAMP, "request_id": REQUEST_ID, "signature": b"0" * 64},
        {"timestamp": b"1000000000000", "request_id": REQUEST_ID, "signature": b"0" * 64},
        {},
    ],
)
async def test_an_unknown_account_is_answered_like_a_wrong_secret(given: dict[str, Any]) -> None:
    known = await faults(DEMO, code=b"demo-access", **given)
    assert await faults(DEMO, code=b"nobody", **given) == known
    disabled = Account(1, "demo-access", "demo-secret", enabled=False)
    assert await faults(disabled, code=b"demo-access", **given) == known


async def test_a_disabled_account_is_not_let_in_by_its_secret() -> None:
    disabled = Account(1, "demo-access", "demo-secret", enabled=False)
    given: dict[str, Any] = {"code": b"demo-access", "secret": b"demo-secret"}
    assert await code_of(disabled, **given) == Code.CREDENTIALS_WRONG


async def test_the_access_code_alone_is_enough_only_for_accounts_that_chose_it() -> None:
    lenient = Account(1, "demo-access", "demo-secret", access_code_only=True)
    assert await ask(lenient, code=b"demo-access") == lenient
    # Clients whose signatures never matched work at the original, which does not look at them.
    assert await ask(lenient, code=b"demo-access", signature=b"wrong") == lenient
    assert await code_of(DEMO, code=b"demo-access") == Code.HEADER_MISSING


@pytest.mark.parametrize(
    ("host", "is_taken"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("192.0.3.7", False),
        ("::1", False),
        ("not an address", False),
    ],
)
async def test_an_account_with_an_allow_list_is_served_from_those_networks_only(
    host: str, is_taken: bool
) -> None:
    account = Account(1, "demo-access", "demo-secret", ip_allow=("192.0.2.0/24", "2001:db8::/32"))
    given: dict[str, Any] = {"code": b"demo-access", "secret": b"demo-secret", "host": host}
    if is_taken:
        assert await ask(account, **given) == account
    else:
        assert await code_of(account, **given) == Code.IP_NOT_ALLOWED


async def test_the_allow_list_does_not_tell_strangers_that_the_account_exists() -> None:
    account = Account(1, "demo-access", "demo-secret", ip_allow=("10.0.0.0/8",))
    assert await code_of(account, code=b"demo-access", secret=b"x") == Code.CREDENTIALS_WRONG


@pytest.mark.parametrize(
    "raw",
    [
        [(b"rt-accesscode", b"a"), (b"rt-accesscode", b"a")],
        [(b"rt-accesscode", b"a" * 129)],
        [(b"rt-requestid", "é".encode())],
        [(b"rt-secretkey", b"a\x00b")],
    ],
)
def test_a_header_given_twice_too_long_or_not_ascii_is_malformed(
    raw: list[tuple[bytes, bytes]],
) -> None:
    with pytest.raises(ApiError) as caught:
        parse_headers(raw)
    assert caught.value.code == Code.HEADER_MALFORMED
    assert "a" * 129 not in str(caught.value)
