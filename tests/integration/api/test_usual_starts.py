"""A start has the same answer and effect with and without the framework, whatever is asked.

Two services with the same facts are asked the same, one of them without its usual requests. The
oracle is the framework: it reads the body with the documented schema.
"""

import json
import random
import re
import shutil

import httpx2
import pytest
import pytest_asyncio

from simpost.api import build, native, usual
from simpost.api.v1.verifications.usual import read_usual
from simpost.messaging.routes import Route, Routing
from simpost.ports.carrier import CarrierCapabilities
from simpost.store import SqliteStore
from tests.integration.api.conftest import GOOD, SEAL_KEY, Service, wire
from tests.integration.api.test_verifications import WITHOUT_SMS, Clock

HOUR_MS = 3_600_000
JSON = {"Content-Type": "application/json"}
AUTH = "demo", "demo-secret"
USUAL = [
    {},
    {"sessionKey": "tab-1"},
    {"digits": 10, "language": "ar"},
    {"digits": 4, "language": "pt-BR", "host": "login.example.com"},
    {"language": "EN-us", "appHash": "FA+9qCX9VSu"},
    {"host": f"{'a' * 63}.{'b' * 63}.example.com", "language": "ja"},
    {"from": "Acme"},
    {"from": "+6612345"},
    {"from": "Other"},
    {"esimTranNo": None, "iccid": f"8988{GOOD}"},
    {"esimTranNo": None, "msisdn": "66810000001"},
    {"iccid": f"8988{GOOD}", "msisdn": "66810000001", "sessionKey": None, "digits": None},
    {"iccid": "8988", "from": None, "host": None, "appHash": None, "language": None},
    {"esimTranNo": None, "msisdn": "0"},
    {"esimTranNo": WITHOUT_SMS},
    {"esimTranNo": "26010100000003"},
    {"esimTranNo": "26010100000005"},
    {"esimTranNo": "26010100000090"},
]
UNUSUAL = [
    {"dryRun": True},
    {"dryRun": False},
    {"dryRun": 0},
    {"msisdn": "+66810000001"},
    {"esimTranNo": None},
    {"esimTranNo": ""},
    {"esimTranNo": f"{GOOD}\n"},
    {"esimTranNo": f"{GOOD}\u0000"},
    {"esimTranNo": "a" * 65},
    {"esimTranNo": 26010100000001},
    {"esimTranNo": None, "esim_tran_no": GOOD},
    {"msisdn": "66810000001\n"},
    {"msisdn": "٦٦٨١"},
    {"purpose": None},
    {"purpose": "login\n"},
    {"purpose": "Login"},
    {"purpose": "a" * 65},
    {"sessionKey": ""},
    {"sessionKey": "a b"},
    {"sessionKey": "a\n"},
    {"sessionKey": "\ud800"},
    {"digits": 3},
    {"digits": 11},
    {"digits": 6.0},
    {"digits": "6"},
    {"digits": True},
    {"digits": 10**400},
    {"language": ""},
    {"language": "xx yy"},
    {"language": "de" * 99},
    {"from": ""},
    {"from": "a sender that is too long"},
    {"from": "12345678901234567"},
    {"host": ""},
    {"host": "localhost"},
    {"host": "example.com\n"},
    {"host": "Example.com"},
    {"host": ".".join(["a" * 60] * 5)},
    {"host": "example.com", "appHash": "FA+9qCX9VSu"},
    {"appHash": "FA+9qCX9VSu\n"},
    {"appHash": ""},
    {"code": "482910"},
    {"from_": "Acme"},
    {"text": {"a": [1, 2, {"b": None}]}},
]
WHOLE = [
    b"",
    b"null",
    b"[]",
    b'"login"',
    b"{}",
    b"{",
    b"\x00",
    b"\xff\xfe",
    b"[" * 5_000,
    b'{"a":' * 5_000,
    b'\xef\xbb\xbf{"esimTranNo": "26010100000001", "purpose": "login"}',
    '{"esimTranNo": "26010100000001", "purpose": "login"}'.encode("utf-16"),
    b'{"esimTranNo": "26010100000001", "purpose": "a", "purpose": "b"}',
    b'{"esimTranNo": "26010100000001", "purpose": 5, "purpose": "b"}',
    b'{"esimTranNo": "26010100000001", "purpose": "b", "purpose": 5}',
    b'{"esimTranNo": "26010100000001", "purpose": "b"} ',
    b'{"esimTranNo": "26010100000001", "purpose": "b"}{}',
    b'{"esimTranNo": "26010100000001", "purpose": "b",}',
    b'{"esimTranNo": "26010100000001", "purpose": "\xe9"}',
    b'{"esimTranNo": "26010100000001", "\\u0070urpose": "b"}',
    b'{"esimTranNo": "26010100000001", "purpose": "b", "digits": NaN}',
    b'{"esimTranNo": "26010100000001", "purpose": "b", "digits": 6e0}',
    b'{"esimTranNo": "26010100000001", "purpose": "b", "digits": 06}',
    b'{"esimTranNo": "26010100000001", "purpose": "b", "sessionKey": "%s"}' % (b"x" * 20_000),
]


def body_of(fields):
    whole = {"esimTranNo": GOOD, "purpose": "login"} | fields
    return json.dumps({name: value for name, value in whole.items() if value != "absent"}).encode()


def mutated(chance):
    """A body that was usual, with a few octets or values changed."""
    body = bytearray(body_of(chance.choice(USUAL[:12])))
    pieces = [b'"', b"\\", b"{", b"}", b",", b"0", b"null", b"\n", b"\\n", b"\xc3", b"e", b" "]
    for _ in range(chance.randint(0, 2)):
        at = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[at] = chance.randrange(256)
            case 1:
                del body[at : at + chance.randint(1, 3)]
            case 2:
                body[at:at] = chance.choice(pieces)
            case _:
                body[at] = chance.choice(b'"}{,:09aZ.-_@ ')
    return bytes(body)


class Pair:
    """A service that answers usual starts by itself, and one that does not."""

    def __init__(self, clock, services):
        self.clock = clock
        self.services = services

    async def ask(self, body, **request):
        """The answer of both, which must be the same, and what they sent."""
        request = {"auth": AUTH, "headers": JSON} | request
        found = [await self._ask(each, body, request) for each in self.services]
        assert found[0] == found[1], body
        self.clock.now_ms += HOUR_MS
        return found[0]

    async def _ask(self, service, body, request):
        answer = await service.client.post("/v1/verifications", content=body, **request)
        queued = await service.store.routing.queued_messages("down", after=None, limit=999)
        texts = [
            (re.sub(r"\d", "#", each.text), each.sender, each.expires_ms, each.esim_tran_no)
            for each in sorted(queued, key=lambda one: one.message_id)[-1:]
        ]
        await service.services.intake.refusals.flush()
        shown = re.sub(r'("(?:id|messageId)":")[^"]+', r"\1", answer.text)
        headers = sorted(answer.headers.items())
        return answer.status_code, headers, shown, len(queued), texts


@pytest_asyncio.fixture
async def pair(filled, tmp_path, monkeypatch):
    clock, services, stores = Clock(), [], []
    for name in ("usual", "framework"):
        shutil.copy(filled, tmp_path / name)
        stores.append(await SqliteStore.open(tmp_path / name, seal_key=SEAL_KEY))
        service = await wire(stores[-1], clock_ms=clock)
        able = CarrierCapabilities(name="down", max_parts=4, senders=frozenset({"Acme"}))
        service.intake.routing = Routing((Route(("down",)),), {"down": able})
        if name == "framework":
            monkeypatch.setattr(usual, "ENDPOINTS", {})
        transport = httpx2.ASGITransport(build(service))
        client = httpx2.AsyncClient(transport=transport, base_url="http://simpost")
        services.append(Service(stores[-1], client, service))
        if name == "framework":
            monkeypatch.undo()
    yield Pair(clock, services)
    for service in services:
        await service.client.aclose()
        await service.store.close()


@pytest.mark.parametrize("fields", USUAL)
def test_usual_starts_are_read_without_the_framework(fields):
    assert read_usual(body_of(fields))


@pytest.mark.parametrize(
    "body", [*map(body_of, UNUSUAL), *(one for one in WHOLE if one[:2] == b"[")]
)
def test_unusual_starts_are_left_to_the_framework(body):
    assert read_usual(body) is None


async def test_a_usual_start_does_without_the_framework(pair, monkeypatch):
    async def fail(*_):
        raise AssertionError

    monkeypatch.setattr(native, "_serve", fail)
    answer = await pair.services[0].client.post(
        "/v1/verifications", content=body_of({}), auth=AUTH, headers=JSON
    )
    assert (answer.status_code, answer.json()["step"]) == (201, "create")


async def test_all_bodies_have_the_same_answer_and_effect(pair):
    bodies = [*map(body_of, USUAL), *map(body_of, UNUSUAL), *WHOLE]
    statuses = {(await pair.ask(body))[0] for body in bodies}
    assert statuses == {200, 201, 400, 404, 409, 422}


@pytest.mark.parametrize("seed", range(2))
async def test_changed_bodies_have_the_same_answer_and_effect(pair, seed):
    chance = random.Random(seed)
    statuses = [(await pair.ask(mutated(chance)))[0] for _ in range(250)]
    assert statuses.count(201) > 20
    assert statuses.count(422) > 50


async def test_steps_and_refusals_by_budgets_are_the_same(pair):
    asked = [
        ({}, 20_500),
        ({}, 39_500),
        ({}, 10),
        ({"sessionKey": "b"}, 60_000),
        ({"sessionKey": "b"}, 59_500),
        ({"purpose": "payment"}, 0),
    ]
    steps = []
    for fields, wait_ms in asked:
        status, headers, shown, *_ = await pair.ask(body_of(fields))
        pair.clock.now_ms += wait_ms - HOUR_MS
        found = json.loads(shown)
        steps.append((status, found.get("step") or found["code"], dict(headers).get("retry-after")))
    assert steps == [
        (201, "create", None),
        (200, "keep", "40"),
        (200, "send_again", None),
        (429, "code_wait", "60"),
        (201, "supersede", None),
        (429, "code_wait", "1"),
    ]


@pytest.mark.parametrize(
    "request_",
    [
        {"auth": None},
        {"auth": ("demo", "wrong")},
        {"auth": ("nobody", "demo-secret")},
        {"headers": {}},
        {"headers": {"Content-Type": "text/plain"}},
        {"headers": {"Content-Type": "application/json; charset=latin-1"}},
        {"headers": {"Content-Type": "application/merge-patch+json"}},
        {"headers": [("Content-Type", "application/json"), ("Content-Type", "text/plain")]},
        {"headers": JSON, "params": {"dryRun": "true"}},
    ],
)
async def test_headers_and_credentials_have_the_same_effect(pair, request_):
    await pair.ask(body_of({}), **request_)
    await pair.ask(b"{", **request_)


@pytest.mark.parametrize("scopes", [["codes"], ["messages:read"], ["admin"]])
async def test_scopes_of_a_key_have_the_same_effect(pair, scopes):
    for service in pair.services:
        keys = service.services.api_keys
        added = await keys.add(
            service.services.accounts.get("demo"), "key", frozenset(scopes), None
        )
        service.client.headers["Authorization"] = f"Bearer {added.text}"
    status = (await pair.ask(body_of({}), auth=None))[0]
    assert status == (201 if scopes == ["codes"] else 403)


async def test_addresses_and_rate_limits_have_the_same_effect(pair):
    for fields, status in (({"ipAllow": ["192.0.2.1"]}, 403), ({"requestsPerSecond": 1}, 429)):
        for service in pair.services:
            changed = await service.operate("PATCH", "accounts/demo", json=fields)
            assert changed.status_code == 200, changed.text
        answers = [await pair.ask(body_of({})) for _ in range(4)]
        assert answers[-1][0] == status
        for service in pair.services:
            reset = {"ipAllow": [], "requestsPerSecond": 0}
            await service.operate("PATCH", "accounts/demo", json=reset)


@pytest.mark.parametrize("error", [RuntimeError("482910"), ValueError(), RecursionError()])
async def test_a_crash_has_the_same_answer(pair, monkeypatch, error):
    async def crash(*_args, **_named):
        raise error

    for service in pair.services:
        monkeypatch.setattr(service.services.verifications, "start", crash)
    status, _, shown, *_ = await pair.ask(body_of({}))
    assert status == 500
    assert "482910" not in shown


async def test_a_store_that_fails_has_the_same_answer(pair):
    for service in pair.services:
        trigger = "BEFORE INSERT ON parts BEGIN SELECT RAISE(ABORT, 'no'); END"
        service.store.database.session.execute(f"CREATE TRIGGER fails {trigger}")
    assert (await pair.ask(body_of({})))[0] == 503
