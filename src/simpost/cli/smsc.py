"""`simpost smsc`: run the SMSC simulator."""

from __future__ import annotations

import asyncio
import secrets
import signal
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from simpost.cli.options import finite
from simpost.errors import ConfigError
from simpost.observe import configure_logging
from simpost.smsc import Simulator, SimulatorOptions, read_faults
from simpost.smsc.faults import UpstreamName
from simpost.smsc.handsets import MAX_OCTETS
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue, read_catalogue

_MAX_LINE_LENGTH = 256
_MIB = 1024 * 1024
_CALLERS = ("emnify", "esim_go", "once", "twilio")
_BANNER = """\
simpost smsc: an SMSC simulator with handsets. Stop it with Ctrl-C.

  bind to    {host}:{port}{tls}   {credentials}
             transmitter, receiver or transceiver; SMPP 3.4 or 5.0
  handsets   {url}/   (open in a browser; shows texts as they arrive)
  as JSON    {url}/handsets, /handsets/NUMBER, /stats and /events (live)
  upstreams  {url}: the APIs of eSIM Access, eSIM Go, eSIMfly, Twilio, emnify and
             1NCE under their documented paths, see docs/upstreams.md

{faults}  A number that ends with 999005 is undeliverable, 999003 expires, 999008 is rejected.
"""


def smsc(
    host: Annotated[str, typer.Option(help="Address of both ports.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="SMPP port; 0 selects a free one.")
    ] = 2775,
    http_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65_535,
            help="HTTP port of the page, its JSON, and the upstream APIs under their documented "
            "paths; 0 selects a free one.",
        ),
    ] = 8081,
    system_id: Annotated[str, typer.Option(help="system_id that may bind.")] = "simpost",
    password: Annotated[
        str | None,
        typer.Option(
            envvar="SIMPOST_SMSC_PASSWORD",
            help="At most 8 characters; generated and printed if not given. Prefer the variable or "
            "--password-file: options show in process lists.",
        ),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password in its first line.")
    ] = None,
    open_binds: Annotated[
        bool,
        typer.Option(
            "--open-binds",
            help="Let every system_id bind; each gets its own receipts.",
        ),
    ] = False,
    keep_for: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Seconds until a text is deleted; 0: no limit."),
    ] = 0.0,
    max_memory: Annotated[
        int,
        typer.Option(
            min=1,
            max=4096,
            help="Memory of all texts in MiB; then the handset inactive longest is deleted.",
        ),
    ] = MAX_OCTETS // _MIB,
    id_format: Annotated[
        Literal["decimal", "hex"], typer.Option(help="Format of message ids.")
    ] = "decimal",
    default_alphabet: Annotated[
        Literal["gsm7", "latin1", "ascii"], typer.Option(help="Alphabet of data_coding 0.")
    ] = "gsm7",
    gsm7: Annotated[
        Literal["unpacked", "packed"], typer.Option(help="Packing of septets in data_coding 0.")
    ] = "unpacked",
    response_delay: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Seconds from a submit_sm to its response."),
    ] = 0.0,
    receipt_delay: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Seconds from the response to the receipt."),
    ] = 0.0,
    window: Annotated[
        int, typer.Option(min=1, help="Largest number of unanswered deliver_sm per session.")
    ] = 10,
    seed: Annotated[
        int | None,
        typer.Option(help="Random seed: the same seed gives the same message ids and faults."),
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(help="TOML file of faults; see docs/faults.md.")
    ] = None,
    upstream_secret: Annotated[
        str,
        typer.Option(
            envvar="SIMPOST_SMSC_UPSTREAM_SECRET",
            help="Key, token or password that requests to the upstream APIs must have; any will do "
            "if not given.",
        ),
    ] = "",
    callback: Annotated[
        list[str] | None,
        typer.Option(
            help="URL that an upstream API calls with news of messages and texts of handsets: "
            "emnify=URL, esim_go=URL, once=URL, twilio=URL. Repeat it for several."
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            help="JSON file of the plans and eSIMs that the upstream APIs list; see "
            "docs/upstreams.md."
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate; turns on TLS for SMPP.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="PEM key, if not in the certificate file.")
    ] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(help="PEM CA certificate; clients must present a certificate signed by it."),
    ] = None,
) -> None:
    """Run an SMSC simulator with handsets that show what they receive."""
    import uvloop

    configure_logging("warning", "console")
    options = SimulatorOptions(
        host=host,
        port=port,
        http_port=http_port,
        system_id=_checked_length(15, "--system-id", system_id),
        password=_checked_length(8, "--password", _password(password, password_file)),
        open_binds=open_binds,
        keep_for_s=keep_for or None,
        max_octets=max_memory * _MIB,
        id_format=id_format,
        default_alphabet=default_alphabet,
        gsm7_packed=gsm7 == "packed",
        response_delay_s=response_delay,
        receipt_delay_s=receipt_delay,
        window=window,
        seed=seed,
        faults=None if faults is None else read_faults(faults),
        faults_file=faults,
        upstream_secret=upstream_secret,
        callback_urls=_callback_urls(callback or []),
        catalogue=UpstreamCatalogue() if catalogue is None else read_catalogue(catalogue),
        tls_cert=tls_cert,
        tls_key=tls_key,
        tls_ca=tls_ca,
    )
    uvloop.run(_run(options))


async def _run(options: SimulatorOptions) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        loop.add_signal_handler(signal.SIGHUP, ended.set)
    simulator = Simulator(options)
    await simulator.start()
    try:
        text = _BANNER.format(
            host=options.host,
            port=simulator.port,
            tls=" (TLS)" if options.tls_cert else "",
            faults=_faults_summary(simulator),
            credentials="any system_id and password"
            if options.open_binds
            else f"system_id {options.system_id}, password {options.password}",
            url=f"http://{options.host}:{simulator.http_port}",
        )
        print(text, flush=True)
        await ended.wait()
    finally:
        await simulator.stop()


def _faults_summary(simulator: Simulator) -> str:
    count = len(simulator.faults.rules)
    if not count:
        return ""
    rules = "1 fault rule is" if count == 1 else f"{count} fault rules are"
    return f"  {rules} active; /stats counts how often each was applied\n\n"


def _callback_urls(given: list[str]) -> dict[UpstreamName, str]:
    urls: dict[UpstreamName, str] = {}
    for each in given:
        name, _, url = each.partition("=")
        if name not in _CALLERS or not url.startswith(("http://", "https://")):
            words = " or ".join(f"{each}=URL" for each in _CALLERS)
            raise typer.BadParameter(f"write {words}", param_hint="--callback")
        urls[cast("UpstreamName", name)] = url
    return urls


def _password(given: str | None, file: Path | None) -> str:
    if file is None:
        return given or secrets.token_hex(4)
    if given:
        raise ConfigError("--password and --password-file: choose one.")
    try:
        with file.open(encoding="ascii") as opened:
            password = opened.readline(_MAX_LINE_LENGTH).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not ASCII"
        raise ConfigError(f"--password-file {file} cannot be read: {reason}.") from None
    if not password:
        raise ConfigError(f"--password-file {file} has an empty first line.")
    return password


def _checked_length(limit: int, option: str, value: str) -> str:
    """The value. Raises BadParameter if it does not fit into a bind (SMPP 3.4 4.1.1)."""
    if not value.isascii() or len(value) > limit:
        raise typer.BadParameter(f"at most {limit} ASCII characters", param_hint=option)
    return value
