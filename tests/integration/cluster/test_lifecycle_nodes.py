"""Lifecycle events on two nodes: a source works on both, and the same event changes once."""

import asyncio
import json
import urllib.error
import urllib.request

import aiohttp

from tests.integration.cluster.cluster import CREDENTIALS, until

BODY = {"alertType": "FirstAttachment"}


def post(node, path, body):
    request = urllib.request.Request(
        f"{node.url}{path}",
        data=json.dumps(body).encode(),
        headers={**CREDENTIALS, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def deliver(urls, body):
    async with aiohttp.ClientSession() as client:

        async def one(url):
            async with client.post(url, json=body) as answer:
                assert answer.status == 200, await answer.text()
                return (await answer.json())["new"]

        return await asyncio.gather(*map(one, urls))


def test_an_event_that_comes_to_two_nodes_changes_once(cluster):
    first, second = cluster.start("first"), cluster.start("second")
    numbers = cluster.fill(first, 3, events=True)
    path = post(first, "/v1/lifecycle/sources", {"kind": "esimgo"})["url"]
    until(lambda: head(second, path) == 200, "the other node does not know the source")
    for number in numbers:
        body = BODY | {"iccid": f"8966{number}1"}
        urls = [f"{node.url}{path}" for node in (first, second) for _ in range(10)]
        made = asyncio.run(deliver(urls, body))
        assert sum(made) <= 2  # the delivery has no time: one a second is an event
        assert sum(made) >= 1
    types = [each["type"] for each in events(first) if each["type"].startswith("esim.")]
    assert sorted(types) == sorted(["esim.installed", "esim.enabled", "esim.attached"] * 3)


def head(node, path):
    request = urllib.request.Request(f"{node.url}{path}", method="HEAD")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def events(node):
    return node.get("v1/events?limit=1000")[1]["events"]
