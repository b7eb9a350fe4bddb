"""`simpost smsc`: an SMSC with handsets, to bind any ESME to."""

from __future__ import annotations

import asyncio
import secrets
import signal
from typing import Annotated, Literal

import typer

from simpost.observe import set_up
from simpost.smsc import Simulator, SimulatorOptions

_TRY = """\
simpost smsc: a message centre with handsets. Ctrl-C ends it.

  bind to    {host}:{port}   system_id {system_id}, password {password}
             transmitter, receiver or transceiver; SMPP 3.4 or 5.0
  handsets   {url}/   (open it: handsets light up as texts arrive)
  as JSON    {url}/handsets, /handsets/NUMBER, /stats and /events (live)

  A number that ends with 999005 is undeliverable, 999003 expires, 999008 is rejected.
"""


def smsc(
    host: Annotated[str, typer.Option(help="Address both ports listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="SMPP port; 0 takes a free one.")] = 2775,
    http_port: Annotated[int, typer.Option(help="Port of page and JSON; 0 a free one.")] = 8081,
    system_id: Annotated[str, typer.Option(help="Who may bind.")] = "simpost",
    password: Annotated[
        str | None, typer.Option(help="At most 8 characters; made up and printed if not given.")
    ] = None,
    id_format: Annotated[
        Literal["decimal", "hex"], typer.Option(help="How message ids are written.")
    ] = "decimal",
    gsm7: Annotated[
        Literal["unpacked", "packed"], typer.Option(help="How data_coding 0 carries septets.")
    ] = "unpacked",
    answer_delay: Annotated[
        float, typer.Option(min=0, help="Seconds from a submit to its answer.")
    ] = 0.0,
    receipt_delay: Annotated[
        float, typer.Option(min=0, help="Seconds from the answer to the receipt.")
    ] = 0.0,
    window: Annotated[
        int, typer.Option(min=1, help="Receipts that may wait for their answer in a session.")
    ] = 10,
    seed: Annotated[
        int | None, typer.Option(help="Start message ids at the same number each time.")
    ] = None,
) -> None:
    """An SMSC with handsets: bind to it, send, and see what the phones show."""
    import uvloop

    set_up("warning", "console")
    options = SimulatorOptions(
        host=host,
        port=port,
        http_port=http_port,
        system_id=_within(15, "--system-id", system_id),
        password=_within(8, "--password", password or secrets.token_hex(4)),
        id_format=id_format,
        gsm7_packed=gsm7 == "packed",
        answer_delay_s=answer_delay,
        receipt_delay_s=receipt_delay,
        window=window,
        seed=seed,
    )
    uvloop.run(_run(options))


async def _run(options: SimulatorOptions) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    simulator = Simulator(options)
    await simulator.start()
    try:
        text = _TRY.format(
            host=options.host,
            port=simulator.port,
            system_id=options.system_id,
            password=options.password,
            url=f"http://{options.host}:{simulator.http_port}",
        )
        print(text, flush=True)
        await ended.wait()
    finally:
        await simulator.stop()


def _within(limit: int, option: str, value: str) -> str:
    """SMPP 3.4 4.1.1 bounds what a bind can carry."""
    if not value.isascii() or len(value) > limit:
        raise typer.BadParameter(f"at most {limit} ASCII characters", param_hint=option)
    return value
