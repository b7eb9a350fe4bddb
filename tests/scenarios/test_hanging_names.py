"""Name servers of webhooks that never answer: carriers still bind.

The gateway runs in a mount namespace of its own, whose name server is a socket of ours that reads
questions and answers none.
"""

import asyncio
import os
import secrets
import subprocess
import sys

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bench.processes import Child, free_ports
from simpost.smsc import Simulator, SimulatorOptions
from tests.turns import until

pytestmark = pytest.mark.attack
TOKEN = secrets.token_urlsafe(24)
NAMES = 8
CONFIG = """\
[server]
port = {port}
admin_token = "{token}"
[store]
secrets_key = "{key}"
[[carriers]]
type = "smpp"
name = "one"
host = "localhost"
port = {smsc}
system_id = "simpost"
password = "hush"
reconnect_max_s = 1
"""
IN_A_NAMESPACE = ["unshare", "--mount", "sh", "-c"]


def can_change_its_name_server() -> bool:
    if os.geteuid() != 0:
        return False
    try:
        probe = [*IN_A_NAMESPACE, "mount --bind /etc/hosts /etc/resolv.conf"]
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Questions(asyncio.DatagramProtocol):
    """Records the names in queries, and never answers."""

    def __init__(self):
        self.names = set()
        self.came = asyncio.Event()

    def datagram_received(self, data, addr):
        self.names.add(data[12 : data.index(0, 12)])
        self.came.set()

    async def until(self, count):
        while len(self.names) < count:
            self.came.clear()
            await self.came.wait()


@pytest.fixture
async def silent_name_server(tmp_path):
    loop = asyncio.get_running_loop()
    try:
        transport, questions = await loop.create_datagram_endpoint(
            Questions, local_addr=("127.0.0.153", 53)
        )
    except OSError as error:
        pytest.skip(f"no name server can be started here: {error}")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.153\noptions timeout:30 attempts:5\n")
    yield questions
    transport.close()


async def ask(session, method, path, body, headers):
    async with session.request(method, path, json=body, headers=headers) as answer:
        return await answer.json()


@pytest.mark.skipif(
    not can_change_its_name_server(), reason="needs root and mount namespaces (unshare)"
)
async def test_a_carrier_given_by_name_binds_again_while_names_hang(tmp_path, silent_name_server):
    port, smsc_port = free_ports(2)
    options = SimulatorOptions(system_id="simpost", password="hush", port=smsc_port)
    centre = again = Simulator(options)
    await centre.start()
    config = tmp_path / "simpost.toml"
    key = Fernet.generate_key().decode()
    config.write_text(CONFIG.format(port=port, token=TOKEN, key=key, smsc=smsc_port))
    log = tmp_path / "gateway.log"
    mounted = f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec "
    serve = f"{sys.executable} -m simpost serve --config={config}"
    command = [*IN_A_NAMESPACE, mounted + serve]
    gateway = await asyncio.to_thread(Child, command, lambda: "listens on" in log.read_text(), log)
    admin = {"Authorization": f"Bearer {TOKEN}"}
    saving = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

        async def is_bound():
            carriers = await ask(session, "GET", "/v1/admin/carriers", None, admin)
            return carriers["carriers"][0]["state"] == "ready"

        async def is_cut():
            return not await is_bound()

        try:
            for number in range(NAMES):
                account = {"accessCode": f"a{number}", "dialect": "esim_access"}
                made = await ask(session, "POST", "/v1/admin/accounts", account, admin)
                proof = {"RT-AccessCode": f"a{number}", "RT-SecretKey": made["secret"]}
                hook = {"webhook": f"https://hangs{number}.example/"}
                path = "/api/v1/open/webhook/save"
                saving.append(asyncio.create_task(ask(session, "POST", path, hook, proof)))
            await silent_name_server.until(NAMES)
            await until(is_bound, "the carrier is bound")
            await centre.stop()
            await until(is_cut, "the carrier is not bound")
            again = Simulator(options)
            await again.start()
            await until(is_bound, "the carrier is bound")
            answers = await asyncio.gather(*saving)
            assert all("was not answered" in each["errorMsg"] for each in answers)
        finally:
            await again.stop()
            for each in saving:
                each.cancel()
            await asyncio.to_thread(gateway.stop)
