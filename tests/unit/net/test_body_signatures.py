"""Signatures against an independent computation: `openssl dgst`."""

import base64
import subprocess

import pytest

from simpost.features.lifecycle.registry import ADAPTERS
from simpost.net.body_signatures import (
    SignatureRule,
    compact_with_escaped_slashes,
    is_signed,
)

KEY = "whsec_a1b2c3d4e5"
BODY = '{"event":"esim.installed", "data":{"url":"https://é.example/"}}\n'.encode()
RULE = SignatureRule(("x-signature",))


def openssl(body, key=KEY, digest="sha256"):
    """The HMAC in hex, as openssl computes it."""
    command = ["openssl", "dgst", f"-{digest}", "-hmac", key, "-r"]
    done = subprocess.run(command, input=body, capture_output=True, check=True)
    return done.stdout.split()[0].decode()


def forms(hexadecimal):
    octets = bytes.fromhex(hexadecimal)
    standard = base64.b64encode(octets).decode()
    return [
        hexadecimal,
        hexadecimal.upper(),
        f"sha256={hexadecimal}",
        f"SHA256={hexadecimal.upper()}",
        standard,
        standard.rstrip("="),
        base64.urlsafe_b64encode(octets).decode(),
        f"sha256={standard}",
        f" {hexadecimal} ",
    ]


@pytest.mark.parametrize("form", range(9))
def test_every_form_of_a_signature_is_accepted(form):
    assert is_signed(RULE, KEY, BODY, {"x-signature": forms(openssl(BODY))[form]})


@pytest.mark.parametrize(
    "given",
    ["", "?", "sha256=", "00" * 32, "00" * 31, "é", openssl(BODY)[:-1], openssl(BODY, "other")],
)
def test_nothing_else_is_accepted(given):
    assert not is_signed(RULE, KEY, BODY, {"x-signature": given})
    assert not is_signed(RULE, KEY, BODY, {})


def test_one_octet_more_is_another_body():
    signature = openssl(BODY)
    assert not is_signed(RULE, KEY, BODY + b" ", {"x-signature": signature})


@pytest.mark.parametrize(
    ("kind", "header", "digest"),
    [
        ("esimgo", "x-signature-sha256", "sha256"),
        ("esimfly", "x-webhook-signature", "sha256"),
        ("esimfly", "x-esimfly-signature", "sha256"),
        ("airalo", "airalo-signature", "sha512"),
        ("roamify", "x-roamify-signature", "sha256"),
    ],
)
def test_a_source_signs_in_its_own_header(kind, header, digest):
    rule = ADAPTERS[kind].signature
    assert is_signed(rule, KEY, BODY, {header: openssl(BODY, digest=digest)})
    assert not is_signed(rule, KEY, BODY, {"x-other": openssl(BODY, digest=digest)})


def test_airalo_may_sign_the_json_as_php_writes_it():
    sent = '{ "url": "https://é.example/", "left": 43 }'.encode()
    signed = b'{"url":"https:\\/\\/\\u00e9.example\\/","left":43}'
    assert compact_with_escaped_slashes(sent) == signed
    header = {"airalo-signature": openssl(signed, digest="sha512")}
    assert is_signed(ADAPTERS["airalo"].signature, KEY, sent, header)
    assert not is_signed(RULE, KEY, sent, {"x-signature": openssl(signed)})
