"""`simpost demo`: the whole thing on one machine, with a simulated operator and sample data."""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from simpost import app, config
from simpost.cli.demo_data import TO_TRY, fill
from simpost.observe import set_up
from simpost.smsc import Simulator, SimulatorOptions

_HOST = "127.0.0.1"
_SYSTEM_ID = "demo"
_TRY = """\
simpost demo: gateway, operator simulator and sample data in one process. Ctrl-C ends it.

  API        {url}/api/v1/open
  handsets   http://{host}:{handsets_port}/   (open it: handsets light up as texts arrive)
  SMSC       {host}:{smsc_port}   system_id {system_id}, password {password}
  data       {folder}

  account    RT-AccessCode: demo    RT-SecretKey: demo-secret
             (other / other-secret is a second one; neither sees the other's eSIMs)
  eSIMs      {esims}

Send a text:

  curl {url}/api/v1/open/esim/sendSms \\
    -H 'RT-AccessCode: demo' -H 'RT-SecretKey: demo-secret' \\
    -d '{{"esimTranNo": "23072017992029", "message": "Welcome to Thailand!"}}'

See what became of it:

  curl {url}/v1/messages -H 'RT-AccessCode: demo' -H 'RT-SecretKey: demo-secret'
  {simpost} messages --config {folder}/simpost.toml --access-code demo --secret demo-secret
"""


def demo(
    port: Annotated[int, typer.Option(help="Port of the gateway.")] = 8080,
    data: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder; else it is thrown away.")
    ] = None,
) -> None:
    """Gateway, operator simulator and sample data in one process, on loopback only."""
    import uvloop

    set_up("warning", "console")
    with _folder(data) as folder:
        uvloop.run(_run(folder, port))


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield data.absolute()
    else:
        with tempfile.TemporaryDirectory(prefix="simpost-demo-") as folder:
            yield Path(folder)


async def _run(folder: Path, port: int) -> None:
    with app.listen(_HOST, port) as listener:
        password = secrets.token_hex(4)
        operator = Simulator(SimulatorOptions(system_id=_SYSTEM_ID, password=password))
        await operator.start()
        try:
            settings = _settings(folder, listener.getsockname()[1], operator.port, password)
            async with app.open_app(
                settings, lambda: config.load(folder / "simpost.toml")
            ) as service:
                await fill(service)
                text = _TRY.format(
                    url=f"http://{_HOST}:{settings.server.port}",
                    host=_HOST,
                    handsets_port=operator.http_port,
                    smsc_port=operator.port,
                    system_id=_SYSTEM_ID,
                    password=password,
                    folder=folder,
                    simpost=_command(),
                    esims="\n             ".join(f"{number}  {what}" for number, what in TO_TRY),
                )
                await service.run([listener], lambda: print(text, flush=True), ends_on_hangup=True)
        finally:
            await operator.stop()


def _command() -> str:
    """How this program was called, so that the line printed can be pasted."""
    called = sys.argv[0]
    return f"{sys.executable} -m simpost" if called.endswith("__main__.py") else called


def _settings(folder: Path, port: int, smsc_port: int, password: str) -> config.Settings:
    """Write the demo's configuration as a file, so that every command can be tried on it."""
    path = folder / "simpost.toml"
    known = _known_secrets(path)
    path.touch(mode=0o600)
    path.write_text(
        f"""\
[server]
host = {json.dumps(_HOST)}
port = {port}
operator_token = {json.dumps(known["operator_token"])}
allow_private_webhooks = true

[store]
secrets_key = {json.dumps(known["secrets_key"])}

[[carriers]]
name = "simulator"
type = "smpp"
host = {json.dumps(_HOST)}
port = {smsc_port}
system_id = {json.dumps(_SYSTEM_ID)}
password = {json.dumps(password)}
source_address = "simpost"

[[routes]]
carrier = "simulator"
""",
        "utf-8",
    )
    return config.load(path)


def _known_secrets(path: Path) -> dict[str, str]:
    """Those of an earlier run in the same folder: its store is sealed with them."""
    if path.exists():
        settings = config.load(path)
        return {
            "operator_token": settings.server.operator_token.get_secret_value(),
            "secrets_key": settings.store.secrets_key.get_secret_value(),
        }
    from cryptography.fernet import Fernet

    return {
        "operator_token": secrets.token_urlsafe(24),
        "secrets_key": Fernet.generate_key().decode(),
    }
