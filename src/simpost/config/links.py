"""What must hold between the settings of a carrier's connections, and the TLS they ask for."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from simpost.config.carriers import SmppCarrierSettings
from simpost.errors import ConfigError


class TlsMistake(ConfigError):
    """A file for TLS cannot be used.

    Attributes:
        key: the setting that names it.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def link_problems(carrier: SmppCarrierSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong between keys that are each right: the key, the reason."""
    if carrier.reconnect_min_s > carrier.reconnect_max_s:
        yield ("reconnect_min_s",), "must not be above reconnect_max_s"
    yield from _status_problems(carrier)
    if carrier.default_alphabet != "gsm7":
        for name in ("gsm7", "languages"):
            if getattr(carrier, name) not in ("unpacked", frozenset()):
                yield (name,), 'needs default_alphabet = "gsm7"'
    yield from _tls_problems(carrier)
    yield from _outbind_problems(carrier)


def tls_context(carrier: SmppCarrierSettings) -> ssl.SSLContext | None:
    """How the connections are secured; none where they are not. Reads files.

    Raises TlsMistake.
    """
    if not carrier.tls:
        return None
    authorities = _file("tls_ca_file", carrier.tls_ca_file)
    try:
        context = ssl.create_default_context(cafile=authorities)
    except ssl.SSLError:
        raise TlsMistake("tls_ca_file", "holds no certificate in PEM") from None
    if not carrier.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate := _file("tls_cert_file", carrier.tls_cert_file):
        key = _file("tls_key_file", carrier.tls_key_file)
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            mismatch = error.reason == "KEY_VALUES_MISMATCH"
            named = "tls_key_file" if key else "tls_cert_file"
            reason = (
                "is not the key of tls_cert_file"
                if mismatch
                else "no certificate and unencrypted key in PEM can be read"
            )
            raise TlsMistake(named, reason) from None
    return context


def _no_password() -> str:
    """Without this OpenSSL asks the terminal."""
    return ""


def _file(key: str, name: str) -> str | None:
    if not name:
        return None
    try:
        with Path(name).open("rb"):
            return name
    except OSError as error:
        raise TlsMistake(key, f"{name} cannot be read: {error.strerror}") from None


def _status_problems(carrier: SmppCarrierSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    seen: dict[int, str] = {}
    for code in carrier.statuses:
        try:
            status = int(code, 16) if code.startswith("0x") else -1
        except ValueError:
            status = -1
        if not 0 < status <= 0xFFFFFFFF:
            yield ("statuses", code), 'must be an error status in hex, like "0x00000045"'
        elif seen.setdefault(status, code) != code:
            yield ("statuses", code), f"is the same status as {seen[status]}"


def _tls_problems(carrier: SmppCarrierSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    given = carrier.model_fields_set
    if not carrier.tls:
        for key in sorted(key for key in given if key.startswith("tls_")):
            yield (key,), "needs tls = true"
        return
    if carrier.tls_key_file and not carrier.tls_cert_file:
        yield ("tls_key_file",), "needs tls_cert_file"
        return
    if not carrier.tls_verify:
        for key in sorted(given & {"tls_ca_file", "tls_server_name"}):
            yield (key,), "is of no use with tls_verify = false"
    try:
        tls_context(carrier)
    except TlsMistake as error:
        yield (error.key,), str(error)


def _outbind_problems(carrier: SmppCarrierSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    if not carrier.outbind_port:
        given = carrier.model_fields_set
        for key in sorted(key for key in given if key.startswith("outbind_") and key[8:] != "port"):
            yield (key,), "needs outbind_port"
        return
    if not carrier.outbind_password.get_secret_value():
        yield ("outbind_port",), "needs outbind_password: any caller would be sent our own password"
    if carrier.tls:
        yield ("outbind_port",), "cannot be used with tls = true: the call comes in clear text"
