"""`simpost demo`: the service on one machine, with a simulated SMSC and sample data."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from simpost import app, config
from simpost.cli.demo_data import TO_TRY, fill
from simpost.cli.demo_tour import Tour
from simpost.domain.console_users import ConsoleRole
from simpost.observe import configure_logging
from simpost.runtime.process import listen
from simpost.smsc import Simulator, SimulatorOptions

_HOST = "127.0.0.1"
_SYSTEM_ID = "demo"
_USER = "demo"
_NUMBER = "66820000000"  # a handset can answer a number, and no name
_TRY = """\
simpost demo: gateway, SMSC simulator and sample data in one process. Ctrl-C ends it.

  API        {url}/api/v1/open
  overview   {url}/   (a page that links API, handsets and health)
  handsets   http://{host}:{handsets_port}/   (open it: handsets light up as texts arrive)
  SMSC       {host}:{smsc_port}   system_id {system_id}, password {password}
  sender     {number}   (answer on a handset: `inbox` shows it)
  console    {url}/console   sign in as {user}, password {user_password}
  data       {folder}

  account    RT-AccessCode: demo    RT-SecretKey: demo-secret
             (other / other-secret and tour / tour-secret are further ones; none sees the
             eSIMs of another)
  eSIMs      {esims}

Send a text:

  curl {url}/api/v1/open/esim/sendSms \\
    -H 'RT-AccessCode: demo' -H 'RT-SecretKey: demo-secret' \\
    -d '{{"esimTranNo": "23072017992029", "message": "Welcome to Thailand!"}}'

See what became of it:

  curl {url}/v1/messages -H 'RT-AccessCode: demo' -H 'RT-SecretKey: demo-secret'
  {simpost} messages --config {config} --access-code demo --secret demo-secret

See what handsets answer:

  {simpost} inbox --config {config} --access-code demo --secret demo-secret

Prepare a terminal for the examples of the documentation, also those of the administrator:

  export SIMPOST_CONFIG={config} SIMPOST_ADMIN_TOKEN={admin_token}
  export SIMPOST_ACCESS_CODE=demo SIMPOST_SECRET=demo-secret

One line for each text follows.
"""


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="HTTP port of simpost; 0: a free one.")
    ] = 8080,
    handsets_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="HTTP port of the handsets' page.")
    ] = 8081,
    smsc_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="SMPP port of the simulated SMSC.")
    ] = 2775,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder to keep the data in; without it the data is deleted at the end."),
    ] = None,
    tour: Annotated[
        bool, typer.Option(help="Begin with a tour that sends a code, a welcome and a reply.")
    ] = True,
) -> None:
    """Run simpost, an SMSC simulator and sample data in one process, on loopback only."""
    import uvloop

    configure_logging("warning", "console")
    with _folder(data) as folder:
        uvloop.run(_run(folder, port, handsets_port, smsc_port, has_tour=tour))


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield data.absolute()
    else:
        with tempfile.TemporaryDirectory(prefix="simpost-demo-") as folder:
            yield Path(folder)


async def _run(
    folder: Path, port: int, handsets_port: int, smsc_port: int, *, has_tour: bool
) -> None:
    with listen(_HOST, port) as listener:
        known = _known_secrets(folder / "simpost.toml")
        password = known["password"]
        options = SimulatorOptions(
            port=smsc_port,
            http_port=handsets_port,
            system_id=_SYSTEM_ID,
            password=password,
            write_line=_print_line,
        )
        smsc = Simulator(options)
        await smsc.start()
        try:
            settings = _settings(folder, listener.getsockname()[1], smsc.port, known)
            async with app.open_app(
                settings, lambda: config.load(folder / "simpost.toml")
            ) as service:
                service.handsets_url = f"http://{_HOST}:{smsc.http_port}/"
                await fill(service)
                user_password = await _set_user(service)
                text = _TRY.format(
                    url=f"http://{_HOST}:{settings.server.port}",
                    host=_HOST,
                    handsets_port=smsc.http_port,
                    smsc_port=smsc.port,
                    system_id=_SYSTEM_ID,
                    password=password,
                    user=_USER,
                    user_password=user_password,
                    admin_token=known["admin_token"],
                    folder=folder,
                    number=_NUMBER,
                    config=shlex.quote(str(folder / "simpost.toml")),
                    simpost=_command(),
                    esims="\n             ".join(f"{number}  {what}" for number, what in TO_TRY),
                )
                url = f"http://{_HOST}:{settings.server.port}"
                tour = Tour(url, service.handsets_url, _NUMBER, _print) if has_tour else None
                await service.run([listener], partial(_begin, text, tour), ends_on_hangup=True)
        finally:
            await smsc.stop()


async def _set_user(service: app.App) -> str:
    """A user of the console with a new password; returns the password."""
    users, password = service.features.console_users, secrets.token_urlsafe(12)
    if await users.find_user(_USER):
        await users.set_password(_USER, password)
    else:
        await users.add(_USER, ConsoleRole.ADMIN, None, password)
    return password


def _command() -> str:
    """The command that starts this program from any folder, for the printed hints."""
    called = sys.argv[0]
    if called.endswith("__main__.py"):
        return f"{shlex.quote(sys.executable)} -m simpost"
    return shlex.quote(str(Path(shutil.which(called) or called).absolute()))


def _begin(text: str, tour: Tour | None) -> None:
    _print(text)
    if tour:
        tour.start()


def _print_line(line: str) -> None:
    _print(f"{time.strftime('%H:%M:%S')}  {line}")


def _print(text: str) -> None:
    """Print a text. A closed terminal or a full disk must not end the demo.

    Nothing stays in a buffer, whose flush at the end would fail again.
    """
    octets = f"{text}\n".encode(sys.stdout.encoding, "backslashreplace")
    with contextlib.suppress(OSError):
        while octets:
            octets = octets[os.write(sys.stdout.fileno(), octets) :]


def _settings(folder: Path, port: int, smsc_port: int, known: dict[str, str]) -> config.Settings:
    """Write the demo's configuration as a file, so that every command can be tried on it."""
    path = folder / "simpost.toml"
    path.touch(mode=0o600)
    path.write_text(
        f"""\
[server]
host = {json.dumps(_HOST)}
port = {port}
public_url = "http://{_HOST}:{port}"
admin_token = {json.dumps(known["admin_token"])}
allow_private_webhooks = true
shapes = ["esim_go", "esimfly", "twilio"]

[store]
secrets_key = {json.dumps(known["secrets_key"])}

[console]
enabled = true

[[carriers]]
name = "simulator"
type = "smpp"
host = {json.dumps(_HOST)}
port = {smsc_port}
system_id = {json.dumps(_SYSTEM_ID)}
password = {json.dumps(known["password"])}
source_address = {json.dumps(_NUMBER)}
senders = ["EXAMPLE"]

[[routes]]
carrier = "simulator"
""",
        "utf-8",
    )
    return config.load(path)


def _known_secrets(path: Path) -> dict[str, str]:
    """The secrets of an earlier run in the same folder: they encrypt its store."""
    if path.exists():
        settings = config.load(path)
        (carrier,) = settings.carriers
        assert carrier.type == "smpp"
        return {
            "admin_token": settings.server.admin_token.get_secret_value(),
            "secrets_key": settings.store.secrets_key.get_secret_value(),
            "password": carrier.password.get_secret_value(),
        }
    from cryptography.fernet import Fernet

    return {
        "admin_token": secrets.token_urlsafe(24),
        "secrets_key": Fernet.generate_key().decode(),
        "password": secrets.token_hex(4),
    }
