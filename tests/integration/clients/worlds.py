"""A gateway as a process, and the one in memory of the client: tests run on both."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from bench.gateway import HOST, Gateway
from simpost_client import (
    AsyncCompatibleClient,
    AsyncSimpostClient,
    CompatibleClient,
    SimpostClient,
)
from simpost_client.testing import FakeGateway

WITHOUT_SMS = "26010200000000"
NOT_INSTALLED = "26010200000001"


def esim(number: int) -> str:
    return f"260101{number:08d}"


OWN_NUMBER = "66820000000"
AT_ANY_TIME = "[policy]\nquiet_hours = false\n"
"""Notices arrive whatever the time of day is where the eSIMs are."""


class AnswerableGateway(Gateway):
    """A gateway with a number that travellers can answer."""

    def _toml(self, *given: Any) -> str:
        smpp, server = 'type = "smpp"\n', "[server]\n"
        toml = super()._toml(*given).replace(server, f"{server}allow_private_webhooks = true\n")
        return toml.replace(smpp, f'{smpp}source_address = "{OWN_NUMBER}"\n')


class Live:
    """A running gateway with the simulator beside it."""

    def __init__(self, folder: Path, esims: int) -> None:
        self.gateway = AnswerableGateway(folder, more=AT_ANY_TIME)
        self.gateway.fill(esims)
        account = f"accounts/{self.gateway.access_code}"
        self.gateway.operate("PATCH", account, {"events": True})
        row = {"esimStatus": "IN_USE", "packageList": [{"packageCode": "P0", "slug": "NO_1_7"}]}
        plan = {"packageCode": "P0", "slug": "NO_1_7", "name": "No SMS", "smsStatus": 0}
        self.gateway.operate("PUT", "plans", [plan])
        rows: list[dict[str, Any]] = [
            {**row, "esimTranNo": WITHOUT_SMS, "iccid": "8966000000000000001", "smsStatus": 0},
            {**row, "esimTranNo": NOT_INSTALLED, "iccid": "8966000000000000002", "smsStatus": 1},
        ]
        for each, status in zip(rows, ("ENABLED", "RELEASED"), strict=True):
            each |= {"msisdn": f"67{each['esimTranNo'][-10:]}", "smdpStatus": status}
        self.gateway.operate("PUT", f"{account}/esims", rows)
        self._account: dict[str, Any] = {
            "access_code": self.gateway.access_code,
            "secret": self.gateway.secret,
        }

    def client(self, **options: Any) -> SimpostClient:
        return SimpostClient(self.gateway.url, **self._account, **options)

    def async_client(self, **options: Any) -> AsyncSimpostClient:
        return AsyncSimpostClient(self.gateway.url, **self._account, **options)

    def compatible_client(self, **options: Any) -> CompatibleClient:
        return CompatibleClient(self.gateway.url, **self._account, **options)

    def async_compatible_client(self, **options: Any) -> AsyncCompatibleClient:
        return AsyncCompatibleClient(self.gateway.url, **self._account, **options)

    def text_at(self, esim_tran_no: str, words: str) -> str:
        """The newest text with these words on the handset; waits for it."""
        query = urllib.parse.urlencode({"match": words, "wait": "20s", "latest": 1})
        rows = self.gateway.smsc(f"handsets/{_number(esim_tran_no)}/messages?{query}")
        return str(rows[-1]["text"])

    def receive(self, esim_tran_no: str, text: str) -> None:
        """The traveller answers the last text."""
        number = _number(esim_tran_no)
        port = self.gateway._smsc_http
        request = urllib.request.Request(
            f"http://{HOST}:{port}/handsets/{number}/messages",
            data=json.dumps({"to": OWN_NUMBER, "text": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).close()

    def stop(self) -> None:
        self.gateway.stop()


class InMemory:
    """The fake, with the same eSIMs."""

    def __init__(self, esims: int) -> None:
        self.gateway = FakeGateway()
        for number in range(esims):
            self.gateway.add_esim(esim(number))
        self.gateway.add_esim(WITHOUT_SMS, sms_status=0, package_code="P0", slug="NO_1_7")
        self.gateway.add_esim(NOT_INSTALLED, smdp_status="RELEASED")
        self.client = self.gateway.client
        self.async_client = self.gateway.async_client
        self.compatible_client = self.gateway.compatible_client
        self.async_compatible_client = self.gateway.async_compatible_client
        self.receive = self.gateway.receive

    def text_at(self, esim_tran_no: str, words: str) -> str:
        """The newest text with these words on the handset."""
        texts = [each.text for each in self.gateway.texts if each.esim_tran_no == esim_tran_no]
        return next(text for text in reversed(texts) if words in text)

    def stop(self) -> None:
        """Nothing runs."""


World = Live | InMemory


def _number(esim_tran_no: str) -> str:
    return f"66{esim_tran_no[-10:]}"
