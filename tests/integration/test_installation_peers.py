"""`simpost doctor` against real ports, with certificates of an authority of the test."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest

from simpost.config import load
from simpost.installation.findings import Severity
from simpost.installation.peers import look_at_certificate, look_at_peers
from tests.integration.carriers.authority import Authority

OK, WARNING, PROBLEM = Severity
STORE = """
[server]
admin_token = "0123456789abcdef"
[store]
secrets_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""


@contextlib.contextmanager
def listening(context=None):
    """The port of a server that only accepts connections, with TLS if it has a context."""
    server = socket.create_server(("127.0.0.1", 0))

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with contextlib.suppress(OSError), connection:
                    if context:
                        context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def settings(folder, text):
    file = folder / "simpost.toml"
    file.write_text(STORE + text)
    return load(file, {})


def carrier(port, host="127.0.0.1", more=""):
    given = [
        "[[carriers]]",
        'name = "smsc"',
        'type = "smpp"',
        f'host = "{host}"',
        f"port = {port}",
        'system_id = "a"',
        'password = "b"',
        more,
    ]
    return "\n".join([*given, ""])


def judged(folder, text):
    [found] = look_at_peers(settings(folder, f'{text}[[routes]]\ncarrier = "smsc"\n'))
    assert found.subject == "carrier smsc"
    assert bool(found.remedy) is (found.severity is not OK)
    return found.severity, found.words


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def server_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own.pem", folder / "own.key")
    return context


@pytest.mark.parametrize(("days", "severity"), [(1, WARNING), (90, OK)])
def test_a_certificate_that_ends_soon_is_a_warning(tmp_path, authority, days, severity):
    until = datetime.now(UTC) + timedelta(days=days)
    authority.issue("own", "own", address="127.0.0.1", until=until)
    trust = f'tls = true\ntls_ca_file = "{tmp_path / "ca.pem"}"'
    with listening(server_context(tmp_path)) as port:
        found, words = judged(tmp_path, carrier(port, more=trust))
    assert found is severity
    assert "valid for" in words


def test_a_certificate_of_a_stranger_is_a_problem(tmp_path, authority):
    authority.issue("own", "own", address="127.0.0.1")
    with listening(server_context(tmp_path)) as port:
        found, words = judged(tmp_path, carrier(port, more="tls = true"))
    assert found is PROBLEM
    assert "certificate" in words


def test_a_port_without_tls_is_a_problem(tmp_path):
    with listening() as port:
        found, words = judged(tmp_path, carrier(port, more="tls = true"))
    assert found is PROBLEM
    assert str(port) in words


def test_a_port_that_answers_is_fine_and_a_closed_one_is_not(tmp_path):
    with listening() as port:
        assert judged(tmp_path, carrier(port)) == (OK, f"127.0.0.1:{port} answers")
    found, words = judged(tmp_path, carrier(port))
    assert (found, words) == (PROBLEM, f"127.0.0.1:{port}: Connection refused")


def test_a_name_without_an_address_is_a_problem(tmp_path):
    found, words = judged(tmp_path, carrier(2775, host="nobody.invalid"))
    assert (found, words) == (PROBLEM, "nobody.invalid has no address")


@pytest.mark.parametrize(("days", "severity"), [(1, WARNING), (90, OK), (-0.01, PROBLEM)])
def test_the_certificate_of_the_smpp_port_is_judged_too(tmp_path, authority, days, severity):
    until = datetime.now(UTC) + timedelta(days=days)
    authority.issue("own", "own", address="127.0.0.1", until=until)
    files = f'tls_cert_file = "{tmp_path / "own.pem"}"\ntls_key_file = "{tmp_path / "own.key"}"\n'
    [found] = look_at_certificate(settings(tmp_path, f"[smpp_server]\nenabled = true\n{files}"))
    assert found.severity is severity
