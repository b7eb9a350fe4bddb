"""A certificate authority for one test."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Writes `ca.pem` and, for each certificate it issues, `NAME.pem` and `NAME.key`."""

    def __init__(self, folder, name="authority"):
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            self._begun(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self._write("ca.pem", certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, file, name, *, address=None, pass_phrase=None, until=None):
        """A certificate for a name or an address, and its key; valid for an hour or `until`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        shown = x509.IPAddress(ip_address(address)) if address else x509.DNSName(name)
        certificate = (
            self._begun(subject, key, until)
            .add_extension(x509.SubjectAlternativeName([shown]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self._write(f"{file}.pem", certificate.public_bytes(serialization.Encoding.PEM))
        sealing = (
            serialization.BestAvailableEncryption(pass_phrase)
            if pass_phrase
            else serialization.NoEncryption()
        )
        self._write(
            f"{file}.key",
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealing
            ),
        )

    def write_key(self, file):
        """Write the key of the authority itself, for a server that signs for itself."""
        self._write(
            file,
            self._key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def _begun(self, subject, key, until=None):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=2))
            .not_valid_after(until or now + timedelta(hours=1))
        )

    def _write(self, name, octets):
        (self.folder / name).write_bytes(octets)
