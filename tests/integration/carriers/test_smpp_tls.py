"""TLS to the message centre (jasmin#362, #598): verification is never skipped silently."""

import contextlib
import ssl

import pytest

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.outcomes import OutcomeKind
from simpost.ports.carrier import ConnectionState
from tests.integration.carriers.authority import Authority
from tests.integration.carriers.centre import Centre, listening, part, send, settings, started


@pytest.fixture
def authority(tmp_path):
    """Issued certificates for a centre at 127.0.0.1, for another name, and for us."""
    authority = Authority(tmp_path)
    authority.issue("centre", "centre", address="127.0.0.1")
    authority.issue("elsewhere", "mc.example")
    authority.issue("us", "reseller")
    return authority


def server_context(folder, certificate="centre", *, clients=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.asynccontextmanager
async def by_tls(context, **changed):
    """A carrier whose first attempt to bind has ended."""
    async with listening(Centre(), ssl=context) as port:
        carrier = SmppCarrier(settings(port, tls=True, bind_timeout_s=30, **changed))
        async with started(carrier) as lane:
            await lane.until(lambda: carrier.state in (ConnectionState.READY, ConnectionState.LOST))
            yield carrier


def file(authority, name):
    return str(authority.folder / name)


async def test_a_centre_with_a_certificate_of_a_trusted_authority_is_bound_to(authority):
    context = server_context(authority.folder)
    async with by_tls(context, tls_ca_file=file(authority, "ca.pem")) as carrier:
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED


async def test_a_certificate_of_an_authority_we_do_not_know_is_refused(authority, tmp_path):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "other authority")
    async with by_tls(
        server_context(authority.folder), tls_ca_file=file(other, "ca.pem")
    ) as carrier:
        assert carrier.state is ConnectionState.LOST
        assert "the certificate is refused: unable to get local issuer" in carrier.problem


async def test_without_an_authority_of_its_own_the_systems_are_asked(authority):
    async with by_tls(server_context(authority.folder)) as carrier:
        assert carrier.state is ConnectionState.LOST
        assert "the certificate is refused" in carrier.problem


async def test_a_certificate_of_another_name_is_refused(authority):
    context = server_context(authority.folder, "elsewhere")
    async with by_tls(context, tls_ca_file=file(authority, "ca.pem")) as carrier:
        assert carrier.state is ConnectionState.LOST
        assert "the certificate is refused: IP address mismatch" in carrier.problem


async def test_the_name_to_find_in_the_certificate_can_be_given(authority):
    context = server_context(authority.folder, "elsewhere")
    given = {"tls_ca_file": file(authority, "ca.pem"), "tls_server_name": "mc.example"}
    async with by_tls(context, **given) as carrier:
        assert carrier.state is ConnectionState.READY


async def test_verification_can_be_disabled_explicitly(authority):
    async with by_tls(server_context(authority.folder, "elsewhere"), tls_verify=False) as carrier:
        assert carrier.state is ConnectionState.READY


async def test_a_centre_that_demands_a_certificate_gets_ours(authority):
    context = server_context(authority.folder, clients=file(authority, "ca.pem"))
    given = {
        "tls_ca_file": file(authority, "ca.pem"),
        "tls_cert_file": file(authority, "us.pem"),
        "tls_key_file": file(authority, "us.key"),
    }
    async with by_tls(context, **given) as carrier:
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED


async def test_without_a_client_certificate_it_does_not_bind(authority):
    context = server_context(authority.folder, clients=file(authority, "ca.pem"))
    async with by_tls(context, tls_ca_file=file(authority, "ca.pem")) as carrier:
        assert carrier.state is ConnectionState.LOST
        assert "closed before the bind was answered" in carrier.problem


async def test_a_certificate_that_went_away_is_named_and_tried_again(authority):
    ca = authority.folder / "ca.pem"
    hidden = ca.rename(authority.folder / "hidden.pem")
    context = server_context(authority.folder)
    async with listening(Centre(), ssl=context) as port:
        carrier = SmppCarrier(settings(port, tls=True, tls_ca_file=str(ca)))
        async with started(carrier) as lane:
            await lane.until(lambda: carrier.state is ConnectionState.LOST)
            assert carrier.problem == f"{ca} cannot be read: No such file or directory"
            hidden.rename(ca)
            await lane.until_bound(carrier)


async def test_a_centre_that_speaks_no_tls_is_not_told_the_password():
    centre = Centre()
    async with listening(centre) as port:
        carrier = SmppCarrier(settings(port, tls=True, bind_timeout_s=2))
        async with started(carrier) as lane:
            await lane.until(lambda: carrier.state is ConnectionState.LOST)
    assert centre.binds == []
