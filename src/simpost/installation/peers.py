"""Hosts that the configuration names: whether they answer, and how long their certificates last."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from simpost.config import Settings, SmppCarrierSettings, tls_context
from simpost.installation.findings import Finding, ok, problem, warning

_WAIT_S: Final = 5.0
_SOON_DAYS: Final = 21
_DAY_S: Final = 86_400


def look_at_peers(settings: Settings) -> Iterator[Finding]:
    """Connect to each carrier and each source once, without sending anything."""
    for carrier in settings.carriers:
        subject = f"carrier {carrier.name}"
        if isinstance(carrier, SmppCarrierSettings):
            name = carrier.tls_server_name or carrier.host
            yield _look_at(subject, carrier.host, carrier.port, tls_context(carrier), name)
        else:
            yield _look_at_url(subject, carrier.called_url)
    for source in settings.sources:
        yield _look_at_url(f"source {source.name}", source.url)


def look_at_certificate(settings: Settings) -> Iterator[Finding]:
    """The certificate of the SMPP port, if it has one."""
    smpp = settings.smpp_server
    if smpp.enabled and smpp.tls_cert_file:
        subject, file = "SMPP certificate", Path(smpp.tls_cert_file)
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
        except (OSError, ValueError):
            yield problem(subject, f"{file} cannot be read", "Run `simpost check`.")
            return
        yield judge_end(subject, str(file), certificate.not_valid_after_utc.timestamp())


def judge_end(subject: str, of: str, ends_s: float) -> Finding:
    """A certificate by its end, in seconds since 1970."""
    days = int((ends_s - time.time()) // _DAY_S)
    if days < 0:
        return problem(subject, f"{of}: the certificate has expired", "Renew it.")
    words = f"{of}: the certificate is valid for {days} days"
    return warning(subject, words, "Renew it.") if days < _SOON_DAYS else ok(subject, words)


def _look_at_url(subject: str, url: str) -> Finding:
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_tls else 80)
    return _look_at(subject, host, port, ssl.create_default_context() if is_tls else None, host)


def _look_at(
    subject: str, host: str, port: int, context: ssl.SSLContext | None, name: str
) -> Finding:
    where = f"{host}:{port}"
    try:
        octets = _connect(host, port, context, name)
    except OSError as error:
        return problem(subject, *_explain(error, host, where))
    if octets is None:
        return ok(subject, f"{where} answers")
    certificate = x509.load_der_x509_certificate(octets)
    return judge_end(subject, where, certificate.not_valid_after_utc.timestamp())


def _connect(host: str, port: int, context: ssl.SSLContext | None, name: str) -> bytes | None:
    """The certificate of the peer in DER; `None` without TLS. Raises OSError."""
    with socket.create_connection((host, port), _WAIT_S) as plain:
        if context is None:
            return None
        with context.wrap_socket(plain, server_hostname=name) as secured:
            return secured.getpeercert(binary_form=True)


def _explain(error: OSError, host: str, where: str) -> tuple[str, str]:
    """What happened, and what to do."""
    if isinstance(error, socket.gaierror):
        return f"{host} has no address", "Check the name, and the resolver of this machine."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{where}: {error.verify_message}", "Check the host, and `tls_ca_file`."
    if isinstance(error, ssl.SSLError):
        return f"{where}: no TLS ({error.reason})", "Check the port, and whether it has TLS."
    why = "no answer" if isinstance(error, TimeoutError) else error.strerror or "no connection"
    remedy = "Check host, port and firewall, and whether the other side lets your address in."
    return f"{where}: {why}", remedy
