"""Texts of codes, read as browsers and Android read them, and measured by a foreign codec."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import gsmcodecs  # noqa: F401  registers the codec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.api.v1.verifications.schemas import VerificationRequest
from simpost.features.verifications.texts import LANGUAGES, Ending, code_text

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "origin_bound_codes.json").read_text("utf-8")
)
IN_UCS2 = {"ar", "ja", "zh"}
ONE_PART = 160
HOSTS = st.from_regex(r"\A[a-z0-9]{1,20}(\.[a-z0-9]{2,10}){1,3}\Z")
CODES = st.from_regex(r"\A[0-9]{4,10}\Z")


def marked_token(line: str, place: int, marker: str) -> str | None:
    """`extract a marked token` of the specification."""
    if line[place : place + 1] != marker:
        return None
    return re.match(r"[^\t\n\f\r ]*", line[place + 1 :])[0] or None  # type: ignore[index]


def parse(message: str) -> tuple[str | None, str | None, str | None]:
    """Host, embedded host and code, by the steps of the section Parsing of the specification."""
    line = message.replace("\r\n", "\n").replace("\r", "\n").split("\n")[-1]
    failure = (None, None, None)
    host = marked_token(line, 0, "@")
    if host is None:
        return failure
    place = 1 + len(host)
    if line[place : place + 1] != " ":
        return failure
    code = marked_token(line, place + 1, "#")
    if code is None:
        return failure
    place += 2 + len(code)
    embedded = marked_token(line, place + 1, "%") if line[place : place + 1] == " " else None
    return host, embedded, code


def app_hash(package: str, certificate: bytes) -> str:
    """As `sms_retriever_hash_v9.sh` of googlesamples/android-credentials computes it."""
    digest = hashlib.sha256(f"{package} {certificate.hex()}".encode()).digest()
    return base64.b64encode(digest[:9]).decode()[:11]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"].split(", ")[-1])
def test_the_parser_of_this_test_reads_the_examples_of_the_specification(vector: dict) -> None:  # type: ignore[type-arg]
    expected = vector["host"], vector["embedded"], vector["code"]
    assert parse(vector["message"]) == expected


@pytest.mark.parametrize("language", LANGUAGES)
@given(code=CODES, host=HOSTS)
def test_a_browser_reads_the_code_of_its_website(language: str, code: str, host: str) -> None:
    assert parse(code_text(code, language, Ending(host=host))) == (host, None, code)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_a_host_is_bound_to_no_website(language: str) -> None:
    assert parse(code_text("482910", language)) == (None, None, None)
    assert parse(code_text("482910", language, Ending(app_hash="FA+9qCX9VSu"))) == (
        None,
        None,
        None,
    )


@given(package=st.from_regex(r"\A[a-z]{1,9}(\.[a-z]{1,9}){1,3}\Z"), certificate=st.binary())
def test_every_hash_of_an_app_is_accepted_and_ends_the_text(
    package: str, certificate: bytes
) -> None:
    found = app_hash(package, certificate)
    request = VerificationRequest.model_validate(
        {"esimTranNo": "1", "purpose": "login", "appHash": found}
    )
    assert request.start_request("").ending == Ending(app_hash=found)
    for language in LANGUAGES:
        text = code_text("4829105555", language, Ending(app_hash=found))
        assert text.split("\n")[-1] == found
        assert len(text.encode()) <= 140, "the SMS Retriever API reads no longer message"


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - IN_UCS2))
@pytest.mark.parametrize(
    "ending", [Ending(), Ending(host="login.example.com"), Ending(app_hash="FA+9qCX9VSu")]
)
def test_a_foreign_codec_packs_a_latin_text_into_one_part(language: str, ending: Ending) -> None:
    text = code_text("4829105555", language, ending)
    septets = text.encode("gsm23.038")
    assert len(septets) <= ONE_PART
    assert septets.decode("gsm23.038") == text
