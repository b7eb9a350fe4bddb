"""A message centre that sends control characters: the command line prints them escaped."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

from cryptography.fernet import Fernet

from bench.gateway import Process, free_ports
from simpost.smpp import SubmitSmResp, serve
from simpost.text.display import visible
from tests.integration.carriers.centre import Centre
from tests.integration.cli.conftest import call

IDS = ["\x1b[2J\x1b]0;owned\x07", "a\rb\nc", "\xe2\x80\xae\x9b2J", "\x7f\x08\x08ok"]
CONFIG = """\
[server]
port = {port}
admin_token = "a-token-for-the-administrator"
[store]
secrets_key = "{key}"
[[carriers]]
type = "smpp"
name = "hostile"
host = "127.0.0.1"
port = {centre}
system_id = "esme"
password = "secret"
[[routes]]
carrier = "hostile"
"""
ESIM = {"esimTranNo": "26010100000001", "iccid": "8937204016180912354", "msisdn": "66812345678",
        "packageCode": "P", "smdpStatus": "ENABLED", "esimStatus": "IN_USE"}  # fmt: skip


async def test_what_a_hostile_centre_sends_is_visible(tmp_path: Path) -> None:
    ids = iter(IDS)
    centre = Centre(lambda *_: SubmitSmResp(message_id=next(ids)))
    file, (port,) = tmp_path / "simpost.toml", free_ports(1)

    secret = "none yet"

    async def run(*arguments: str, stdin: str = "") -> str:
        done = await asyncio.to_thread(
            call,
            *arguments,
            stdin=stdin,
            SIMPOST_CONFIG=str(file),
            SIMPOST_ACCESS_CODE="a",
            SIMPOST_SECRET=secret,
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert not set(done.stdout.replace("\n", "")) & set(
            "\x1b\r\x07\x08\x7f\x85\x9b\u202e\u2066"
        )
        return done.stdout

    async with contextlib.AsyncExitStack() as stack:
        server = await serve("127.0.0.1", 0, centre.authenticate, centre)
        stack.push_async_callback(server.close)
        key = Fernet.generate_key().decode()
        file.write_text(CONFIG.format(port=port, key=key, centre=server.port))
        process = await asyncio.to_thread(
            Process, ["serve", f"--config={file}"], ready="listens on", log=tmp_path / "log"
        )
        stack.callback(process.stop)
        secret = json.loads(await run("accounts", "add", "a", "--json"))["secret"]
        await run("plans", "import", "-", stdin=json.dumps([{"packageCode": "P", "smsStatus": 1}]))
        await run("esims", "import", "-", "--account", "a", stdin=json.dumps([ESIM]))
        for hostile in IDS:
            said = await run("send", "hello", "--esim", ESIM["esimTranNo"])
            message_id = said.split()[0]
            await asyncio.wait_for(centre.submits.get(), 30)
            while visible(hostile) not in await run("messages", message_id):
                pass  # it is not answered yet
            document = json.loads(await run("messages", message_id, "--json"))
            assert repr(hostile) in repr(document)
