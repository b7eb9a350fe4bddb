"""Lifecycle events a second over HTTP: `python -m bench.lifecycle [--count 20000]`.

A supplier delivers to `simpost serve` on the embedded store, over 64 connections: the first
attachment, the usage and the country of each eSIM, and each event a second time. Every response
follows the commit. `--signed` verifies signatures, too.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench.gateway import HOST, Serving, free_ports
from bench.load import Load, drive

_CONNECTIONS = 64
_KEY = "bench-signing-key"


def bodies(numbers: Sequence[str]) -> list[bytes]:
    """Three events of each eSIM."""
    found = []
    for number in numbers:
        named = {"iccid": f"8966{number}1"}
        bundle = {"name": "B", "initialQuantity": 10**9, "remainingQuantity": 4 * 10**8}
        found += [
            {"alertType": "FirstAttachment", **named},
            {"alertType": "Utilisation", **named, "bundle": bundle},
            {"alertType": "CountryChange", **named, "country": {"code": "TH", "name": "Thailand"}},
        ]
    return [json.dumps(each).encode() for each in found]


def request(path: str, body: bytes) -> bytes:
    """One delivery, as octets on the wire."""
    signature = hmac.new(_KEY.encode(), body, hashlib.sha256).hexdigest()
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-Signature-SHA256: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def add_source(serving: Serving, *, signed: bool) -> str:
    """The path of a new source."""
    wanted = {"kind": "esimgo"} | ({"secret": _KEY} if signed else {})
    asked = urllib.request.Request(
        f"{serving.url}/v1/lifecycle/sources",
        data=json.dumps(wanted).encode(),
        headers={**serving.credentials, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked) as answer:
        path: str = json.load(answer)["url"]
        return path


def measure(serving: Serving, path: str, sent: list[bytes]) -> tuple[Load, float]:
    """The load, and the CPU microseconds of the service for each delivery."""
    requests = [request(path, body) for body in sent]
    count = len(requests)
    before = serving.process.cpu_seconds
    load = asyncio.run(drive(HOST, serving.port, requests, _CONNECTIONS, success=b'{"events":1'))
    assert len(load.accepted) == count, load.failures[:1]
    return load, 1e6 * (serving.process.cpu_seconds - before) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--signed", action="store_true")
    options = parser.parse_args()
    uvloop.install()
    with tempfile.TemporaryDirectory() as folder:
        (smsc_port,) = free_ports(1)
        with Serving(Path(folder), smsc_port) as serving:
            numbers = serving.fill(options.count // 3)
            path = add_source(serving, signed=options.signed)
            sent = bodies(numbers)
            for name in ("new", "again"):
                load, cpu_us = measure(serving, path, sent)
                print(
                    f"{name:<6} {len(sent)} events, {len(sent) / load.seconds:,.0f} a second, "
                    f"p50 {load.percentile_ms(0.5):.1f} ms, p99 {load.percentile_ms(0.99):.1f} ms, "
                    f"{cpu_us:.0f} µs of CPU each"
                )


if __name__ == "__main__":
    main()
