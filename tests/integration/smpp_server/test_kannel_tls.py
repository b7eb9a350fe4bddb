"""Kannel, unmodified, at the SMPP port over TLS; without the certificate it sends nothing."""

import pytest

from tests.integration.cluster.cluster import until
from tests.integration.smpp.certificates import tls_contexts
from tests.integration.smpp_server.test_kannel import (
    ACCEPTED,
    DELIVERED,
    OWN_NUMBER,
    boxes,
    send,
    told,
    unpacked,
)

__all__ = ["told", "unpacked"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    tls_contexts(folder)
    return folder / "mc.pem"


@pytest.fixture(scope="module")
def smpp(certificate):
    return f'tls_cert_file = "{certificate}"\n'


def over_tls(trusted):
    return {"core_lines": f'ssl-trusted-ca-file = "{trusted}"', "smsc_lines": "use-ssl = true"}


def test_a_text_and_its_receipts_go_over_tls_and_so_does_a_reply(
    tmp_path, embedded, told, certificate
):
    _, number = embedded.take()
    with boxes(tmp_path / "kannel", embedded, told, **over_tls(certificate)) as running:
        send(running, told, f"+{number}", "Hello from Kannel", "one")
        calls = [told.next(), told.next()]
        assert embedded.centre.texts_of(number) == ["Hello from Kannel"]
        embedded.centre.send_from(number, "Is it on? [é€]", to=OWN_NUMBER)
        reply = told.next()
    assert calls == [{"name": "one", "state": ACCEPTED}, {"name": "one", "state": DELIVERED}]
    assert reply == {"from": f"+{number}", "to": OWN_NUMBER, "text": "Is it on? [é€]"}


def test_a_certificate_that_kannel_does_not_trust_ends_the_connection(
    tmp_path, embedded, told, tmp_path_factory
):
    other = tmp_path_factory.mktemp("other")
    tls_contexts(other)
    folder = tmp_path / "kannel"
    with boxes(folder, embedded, told, **over_tls(other / "mc.pem")):
        until(lambda: "certificate verify failed" in (folder / "bearerbox.log").read_text())
