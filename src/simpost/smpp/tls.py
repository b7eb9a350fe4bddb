"""TLS of a listening port."""

from __future__ import annotations

import ssl
from pathlib import Path

from simpost.errors import ConfigError


def server_context(certificate: Path, key: Path, clients_ca: Path | None = None) -> ssl.SSLContext:
    """TLS context of the server; with a CA, clients need a certificate signed by it.

    Raises ConfigError with the file and the reason.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_certificate(context, certificate, key)
    if clients_ca is not None:
        try:
            context.load_verify_locations(clients_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"TLS CA {clients_ca}: {_why(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def load_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Use this certificate for new connections. Raises ConfigError."""
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigError(f"TLS certificate {certificate} with key {key}: {_why(error)}") from None


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "cannot be read"
    return getattr(error, "strerror", None) or "cannot be read"
