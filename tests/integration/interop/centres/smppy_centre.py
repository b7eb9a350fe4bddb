"""A message centre by smppy: prints its port, then each text as decoded."""

import asyncio
import json
import sys

from smppy import Application
from smppy.server import SmppProtocol


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Centre(Application):
    async def handle_bound_client(self, client):
        return client if client.password == "secret" else None

    async def handle_unbound_client(self, client):
        pass

    async def handle_sms_received(self, client, source_number, dest_number, text):
        say(json.dumps(["text", text]))


async def main():
    centre = Centre(name="smppy")
    server = await asyncio.get_running_loop().create_server(
        lambda: SmppProtocol(app=centre), "127.0.0.1", 0
    )
    say(f"port {server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


asyncio.run(main())
