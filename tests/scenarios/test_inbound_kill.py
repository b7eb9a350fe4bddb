"""Promise 4 against kill -9: a part that was acknowledged is there afterwards, and only once."""

import asyncio
import itertools

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bench.gateway import HOST, Process, free_ports
from simpost.smpp import DeliverSm, RequestError, Status
from simpost.text import concat_header
from tests.integration.carriers.centre import Centre, listening

TOKEN = "a-token-for-the-admin"
SHORT_CODE = "12345"
MESSAGES = 40
PARTS = 3


def config(folder, port, smsc_port):
    path = folder / "simpost.toml"
    path.write_text(f"""\
[server]
port = {port}
admin_token = "{TOKEN}"
[store]
secrets_key = "{Fernet.generate_key().decode()}"
[[carriers]]
name = "centre"
type = "smpp"
host = "{HOST}"
port = {smsc_port}
system_id = "esme"
password = "secret"
reconnect_min_s = 0.1
[[routes]]
carrier = "centre"
[[numbers]]
number = "{SHORT_CODE}"
""")
    path.chmod(0o600)
    return path


def serving(folder, path):
    return Process(["serve", f"--config={path}"], ready="listens on", log=folder / "serve.log")


def text_of(message, number):
    return f"<{message}.{number}>"


def part(message, number):
    octets = concat_header(message, PARTS, number, 8) + text_of(message, number).encode()
    return DeliverSm(
        source_addr_ton=1,
        source_addr=f"66800000{message:03}",
        destination_addr=SHORT_CODE,
        esm_class=0x40,
        short_message=octets,
    )


async def bring(session, which, on_ok):
    """Bring parts; those without an answer are the message centre's to bring again."""

    async def one(each):
        answer = await session.request(part(*each))
        if answer.command_status == Status.ESME_ROK:
            on_ok(each)

    await asyncio.gather(*(one(each) for each in which), return_exceptions=True)


@pytest.mark.parametrize("kill_after", [1, 30, 90])
async def test_parts_acknowledged_before_a_kill_are_there_afterwards(tmp_path, kill_after):
    acknowledged = set()
    centre = Centre()
    port, _, _ = free_ports()
    async with listening(centre) as smsc_port:
        path = config(tmp_path, port, smsc_port)
        process = serving(tmp_path, path)
        session = await centre.bound.get()

        def on_ok(each):
            acknowledged.add(each)
            if len(acknowledged) == kill_after:
                process.kill()

        every = list(itertools.product(range(MESSAGES), range(1, PARTS + 1)))
        waves = [every[start : start + 10] for start in range(0, len(every), 10)]
        for wave in waves:
            try:
                await bring(session, wave, on_ok)
            except RequestError:
                break
        assert kill_after <= len(acknowledged) < len(every)

        process = serving(tmp_path, path)
        session = await centre.bound.get()
        left = [each for each in every if each not in acknowledged]
        lost_answers = sorted(acknowledged)[:10]
        for wave in (left[start : start + 10] for start in range(0, len(left), 10)):
            await bring(session, wave, acknowledged.add)
        await bring(session, lost_answers, acknowledged.add)
        assert acknowledged == set(every)

        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.get(f"http://{HOST}:{port}/v1/admin/inbound?limit=200") as answer,
        ):
            rows = (await answer.json())["inbound"]
        process.stop()
    texts = ["".join(text_of(each, number) for number in (1, 2, 3)) for each in range(MESSAGES)]
    assert sorted(row["text"] for row in rows) == sorted(texts)
    assert all(row["missingParts"] == [] for row in rows)
