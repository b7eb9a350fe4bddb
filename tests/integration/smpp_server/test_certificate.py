"""A renewed certificate is served after a reload; one that cannot be read changes nothing."""

import ssl

import pytest

from bench.processes import HOST
from tests.integration.smpp.certificates import tls_contexts
from tests.integration.smpp_server.served import bound


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    tls_contexts(folder)
    return folder


@pytest.fixture(scope="module")
def smpp(folder):
    return f'tls_cert_file = "{folder / "mc.pem"}"\n'


def served_certificate(served):
    return ssl.get_server_certificate((HOST, served.port))


def test_a_reload_reads_the_certificate_again(embedded, folder):
    first = served_certificate(embedded)
    _, client = tls_contexts(folder)
    client.check_hostname = False  # smpplib does not say whom it calls
    assert served_certificate(embedded) == first
    embedded.node.operate("POST", "reload")
    second = served_certificate(embedded)
    assert second != first
    with bound(embedded.port, embedded.login(), tls=client) as esme:
        assert esme.submit(embedded.take()[1], b"Hello").status == 0
    (folder / "mc.pem").write_text("no certificate")
    embedded.node.operate("POST", "reload")
    assert served_certificate(embedded) == second
    assert "smpp_certificate_unreadable" in embedded.node.log.read_text()
