"""The SMPP port in TLS."""

from __future__ import annotations

import datetime as dt
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simpost.errors import ConfigError
from simpost.smpp import BindError, ResponseTimeout, SessionClosed, SubmitSmResp
from simpost.smsc import Faults, Simulator, SimulatorOptions
from simpost.smsc import faults as f
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import Esme, LenientEsme, binding, submit


class Authority:
    """A CA in a folder; what it signs is for 127.0.0.1."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(self._name, self._key.public_key(), is_authority=True)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Path:
        """Certificate and key in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = self._signed(subject, key.public_key(), is_authority=False)
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        ours = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=5))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ours), False)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "ours")


def trusting(authority: Authority, certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.certificate)
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


async def test_an_esme_that_trusts_the_certificate_binds_and_sends(
    start: Start, authority: Authority
) -> None:
    simulator = await start(tls_cert=authority.issue("centre"))
    async with binding(simulator, Esme(), ssl=trusting(authority)) as esme:
        [message_id] = await esme.send("Hello", registered_delivery=1)
        assert message_id.encode() in (await esme.delivered()).short_message


async def test_an_esme_that_does_not_trust_it_stays_away(
    start: Start, authority: Authority, tmp_path: Path
) -> None:
    simulator = await start(tls_cert=authority.issue("centre"))
    other = Authority(tmp_path, "other")
    with pytest.raises(BindError):
        async with binding(simulator, Esme(), ssl=trusting(other)):
            raise AssertionError("it was bound")


async def test_without_tls_nobody_binds(start: Start, authority: Authority) -> None:
    simulator = await start(tls_cert=authority.issue("centre"))
    with pytest.raises(BindError):
        async with binding(simulator, Esme()):
            raise AssertionError("it was bound")


async def test_with_a_ca_only_clients_it_has_signed_are_let_in(
    start: Start, authority: Authority, tmp_path: Path
) -> None:
    simulator = await start(tls_cert=authority.issue("centre"), tls_ca=authority.certificate)
    stranger = Authority(tmp_path, "other").issue("stranger")
    for certificate in (None, stranger):
        with pytest.raises(BindError):
            async with binding(simulator, Esme(), ssl=trusting(authority, certificate)):
                raise AssertionError("it was bound")
    known = trusting(authority, authority.issue("known"))
    async with binding(simulator, Esme(), ssl=known) as esme:
        await esme.send("Hello")


@pytest.mark.parametrize("fault", [f.Drop(), f.Reset(), f.HalfOpen(), f.DoubleResponse()])
async def test_faults_work_through_tls(
    start: Start, authority: Authority, fault: f.ResponseFault
) -> None:
    faults = Faults((f.Rule(do=fault, when=f.When(times=1)),))
    simulator = await start(tls_cert=authority.issue("centre"), faults=faults)
    async with binding(simulator, LenientEsme(), ssl=trusting(authority)) as esme:
        if isinstance(fault, f.DoubleResponse):
            await esme.request(submit(short_message=b"x"), SubmitSmResp)
            assert len(esme.unexpected) == 1
        else:
            with pytest.raises((SessionClosed, ResponseTimeout)):
                await esme.session.request(submit(short_message=b"x"))
        esme.session.abort()
    async with binding(simulator, Esme(), ssl=trusting(authority)) as esme:
        await esme.send("Hello")


async def test_a_certificate_that_cannot_be_read_is_one_sentence(
    authority: Authority, tmp_path: Path
) -> None:
    centre, nothing = authority.issue("centre"), tmp_path / "nothing.pem"
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("not a certificate")
    for options, message in (
        (SimulatorOptions(tls_cert=nothing), r"nothing\.pem.*: No such file"),
        (SimulatorOptions(tls_cert=garbage), r"garbage\.pem"),
        (SimulatorOptions(tls_cert=centre, tls_key=authority.issue("another")), "MISMATCH"),
        (SimulatorOptions(tls_cert=centre, tls_ca=garbage), r"TLS CA .*garbage\.pem"),
        (SimulatorOptions(tls_key=centre), "TLS needs a certificate"),
    ):
        with pytest.raises(ConfigError, match=message):
            await Simulator(options).start()
