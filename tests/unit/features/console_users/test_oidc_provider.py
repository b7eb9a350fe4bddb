"""What is read of the provider, how often, and what is refused; the time and the host are ours."""

import json

import pytest

from simpost.config.console import ConsoleSettings
from simpost.features.console_users.oidc.flow import begin_flow
from simpost.features.console_users.oidc.provider import (
    CodeRefused,
    OidcProvider,
    ProviderUnreachable,
)
from simpost.net.http_client import HttpResponse, NotSent

ISSUER = "https://login.example.com/realm"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/me",
    "response_types_supported": ["code"],
}
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
FLOW = begin_flow(bytes(16), "https://sp/console/sign-in/oidc/callback", "/console", 0)
HOUR_MS = 3_600_000


class Host:
    """Answers in place of the network."""

    def __init__(self):
        self.now_ms = 0
        self.asked = []
        self.documents = {DISCOVERY: DOCUMENT, f"{ISSUER}/keys": {"keys": [{"kid": "1"}]}}

    async def request(self, method, url, body, headers):
        self.asked.append((method, url, body.decode(), headers))
        found = self.documents.get(url, 404)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, int):
            return HttpResponse(found, {}, b"{}")
        octets = found if isinstance(found, bytes) else json.dumps(found).encode()
        return HttpResponse(200, {}, octets)

    def reads(self, url):
        return sum(each[1] == url for each in self.asked)


@pytest.fixture
def host():
    return Host()


def provider_of(host, **fields):
    settings = ConsoleSettings.model_validate_json(
        json.dumps({"oidc_issuer": ISSUER, "oidc_client_id": "a b", **fields})
    )
    provider = OidcProvider(settings, lambda: host.now_ms)
    provider._client = host
    return provider


async def test_documents_are_read_once_in_an_hour(host):
    provider = provider_of(host)
    for now_ms in (0, HOUR_MS - 1):
        host.now_ms = now_ms
        assert (await provider.document()).token_endpoint == f"{ISSUER}/token"
        assert await provider.keys() == [{"kid": "1"}]
    assert (host.reads(DISCOVERY), host.reads(f"{ISSUER}/keys")) == (1, 1)
    host.now_ms = HOUR_MS
    await provider.keys()
    assert (host.reads(DISCOVERY), host.reads(f"{ISSUER}/keys")) == (2, 2)


async def test_unknown_keys_are_looked_for_twice_a_minute_at_most(host):
    provider = provider_of(host)
    for second in range(61):
        host.now_ms = second * 1_000
        await provider.keys(is_unknown=True)
    assert host.reads(f"{ISSUER}/keys") == 3


async def test_the_last_document_is_used_while_there_is_no_new_one(host):
    provider = provider_of(host)
    await provider.document()
    host.documents[DISCOVERY] = NotSent("the connection timed out")
    for passed_ms in (0, 4_999, 5_000):
        host.now_ms = HOUR_MS + passed_ms
        assert (await provider.document()).issuer == ISSUER
    assert host.reads(DISCOVERY) == 3


async def test_a_host_that_fails_is_not_asked_again_at_once(host):
    host.documents[DISCOVERY] = 502
    provider = provider_of(host)
    for _ in range(3):
        with pytest.raises(ProviderUnreachable, match="HTTP 502"):
            await provider.document()
    assert host.reads(DISCOVERY) == 1
    host.now_ms, host.documents[DISCOVERY] = 5_000, DOCUMENT
    assert await provider.document()


@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"\xff",
        [],
        DOCUMENT | {"issuer": "https://evil.example"},
        DOCUMENT | {"issuer": f"{ISSUER}/"},
        DOCUMENT | {"token_endpoint": "http://login.example.com/token"},
        DOCUMENT | {"jwks_uri": "file:///etc/passwd"},
        DOCUMENT | {"authorization_endpoint": "javascript:alert(1)"},
        DOCUMENT | {"userinfo_endpoint": "https://user:secret@login.example.com/"},
        DOCUMENT | {"token_endpoint": 1},
        {"issuer": ISSUER},
    ],
)
async def test_a_document_that_is_not_as_documented_is_not_used(host, document):
    host.documents[DISCOVERY] = document
    with pytest.raises(ProviderUnreachable):
        await provider_of(host).document()


@pytest.mark.parametrize(
    ("fields", "methods", "authorization", "in_body"),
    [
        ({"oidc_client_secret": "s:&"}, None, "Basic YStiOnMlM0ElMjY=", ""),
        (
            {"oidc_client_secret": "s:&"},
            ["client_secret_post"],
            None,
            "&client_id=a+b&client_secret=s%3A%26",
        ),
        ({}, None, None, "&client_id=a+b"),
    ],
)
async def test_a_code_is_exchanged_with_the_verifier_and_the_secret(
    host, fields, methods, authorization, in_body
):
    if methods:
        host.documents[DISCOVERY] = DOCUMENT | {"token_endpoint_auth_methods_supported": methods}
    host.documents[f"{ISSUER}/token"] = {"id_token": "a.b.c", "access_token": "t", "scope": "x"}
    tokens = await provider_of(host, **fields).exchange("c&d", FLOW)
    assert (tokens.id_token, tokens.access_token) == ("a.b.c", "t")
    assert "a.b.c" not in repr(tokens)
    _, _, body, headers = host.asked[-1]
    assert headers.get("Authorization") == authorization
    back = "https%3A%2F%2Fsp%2Fconsole%2Fsign-in%2Foidc%2Fcallback"
    assert body == (
        f"grant_type=authorization_code&code=c%26d&redirect_uri={back}"
        f"&code_verifier={FLOW.verifier}{in_body}"
    )


async def test_a_refused_code_is_told_from_a_failure(host):
    provider = provider_of(host)
    host.documents[f"{ISSUER}/token"] = 400
    with pytest.raises(CodeRefused):
        await provider.exchange("c", FLOW)
    for failure in (500, {"token_type": "Bearer"}, NotSent("no")):
        host.documents[f"{ISSUER}/token"] = failure
        with pytest.raises(ProviderUnreachable):
            await provider.exchange("c", FLOW)


async def test_without_an_endpoint_there_is_no_user_info(host):
    host.documents[f"{ISSUER}/me"] = {"sub": "17"}
    assert await provider_of(host).user_info("t") == {"sub": "17"}
    assert host.asked[-1][3] == {"Authorization": "Bearer t"}
    host.documents[DISCOVERY] = {k: v for k, v in DOCUMENT.items() if k != "userinfo_endpoint"}
    assert await provider_of(host).user_info("t") == {}
