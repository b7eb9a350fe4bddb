"""The setting switches a shape on in the whole process, and its callbacks are signed."""

import asyncio
import socket
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator
from twilio.rest import Client

from simpost.app import open_app
from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.cli.init import init
from simpost.config import load
from simpost.domain.accounts import Account
from tests.integration.webhooks.receiver import receiving

SECRET = "shop-secret-of-16"
PLAN = {"packageCode": "P-TH", "smsStatus": 1, "location": "TH", "dataType": 1}
ESIM = {
    "esimTranNo": "26010100000001",
    "iccid": "898826010100000001",
    "msisdn": "66810000001",
    "smdpStatus": "ENABLED",
    "esimStatus": "IN_USE",
    "packageList": [{"packageCode": "P-TH"}],
}

CARRIER = """
[[carriers]]
name = "down"
type = "smpp"
host = "127.0.0.1"
port = 9
system_id = "esme"
password = "secret"
[[routes]]
carrier = "down"
"""
"""It is never connected: messages stay queued."""


def settings_of(folder):
    path = folder / "simpost.toml"
    init(path)
    server = '[server]\nshapes = ["twilio"]\nallow_private_webhooks = true'
    path.write_text(path.read_text().replace("[server]", server, 1) + CARRIER)
    return load(path, {})


async def test_a_message_sent_by_the_client_of_twilio_calls_back_signed(tmp_path):
    async with open_app(settings_of(tmp_path)) as app, receiving() as receiver:
        account_id = await app.store.accounts.add_account(Account(0, "shop", SECRET))
        await app.accounts.reload()
        await app.store.catalogue.save_plans([parse_plan(PLAN)])
        await app.store.catalogue.save_esims(account_id, [parse_esim(ESIM, 0)])
        server, listener = app.build_server(), socket.create_server(("127.0.0.1", 0))
        await server.start([listener])
        client = Client("shop", SECRET)
        client.api.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        url = f"{receiver.url}?order=7"
        try:
            sent = await asyncio.to_thread(
                client.messages.create, to="+66810000001", body="Hi", status_callback=url
            )
        finally:
            await server.stop()
        for _ in range(4):
            await app.webhook_delivery.run_once()
            await app.webhook_delivery.wait_idle()
        await app.webhook_delivery._sender.close()
    form = dict(parse_qsl(receiver.got[0].body.decode()))
    assert (form["MessageSid"], form["MessageStatus"]) == (sent.sid, "queued")
    signature = receiver.got[0].headers["x-twilio-signature"]
    assert RequestValidator(SECRET).validate(url, form, signature)
