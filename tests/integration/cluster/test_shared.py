"""Rate limits, accounts and orders of the administrator hold on every node."""

import asyncio
import time

import httpx2
import pytest

from tests.integration.cluster.cluster import (
    ACCESS_CODE,
    CREDENTIALS,
    PATIENCE_S,
    until,
)


async def ask(urls, count, path):
    """Send `count` requests at once, spread over the nodes; how many passed, and the time taken."""
    began_s = time.monotonic()
    async with httpx2.AsyncClient(headers=CREDENTIALS, timeout=PATIENCE_S) as client:
        answers = await asyncio.gather(
            *(client.get(f"{urls[index % len(urls)]}/{path}") for index in range(count))
        )
    took_s = time.monotonic() - began_s
    assert {answer.status_code for answer in answers} <= {200, 429}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    return len(answers) - len(refused), took_s


@pytest.mark.parametrize("limit", [8, 200])
def test_a_rate_limit_holds_over_all_nodes(cluster, limit):
    nodes = [cluster.start("a", "--role=api"), cluster.start("b", "--role=api,dispatch")]
    cluster.fill(nodes[0], requestsPerSecond=limit)
    urls = [node.url for node in nodes]
    until(lambda: nodes[1].get("v1/messages")[0] == 200)  # it knows the account, and uses a token
    passed, took_s = asyncio.run(ask(urls, 4 * limit, "v1/messages?limit=1"))
    lots = len(nodes) * max(1, limit // 20)
    assert passed <= limit * (1 + took_s) + lots
    assert passed >= limit - 2 - lots


def test_an_account_changed_on_one_node_is_changed_on_all(cluster):
    first, second = cluster.start("a", "--role=api"), cluster.start("b", "--role=api,dispatch")
    cluster.fill(first)
    until(lambda: second.get("v1/messages")[0] == 200)
    first.operate("PATCH", f"accounts/{ACCESS_CODE}", {"enabled": False})
    _, problem = until(lambda: (answer := second.get("v1/messages"))[0] == 401 and answer)
    assert problem["code"] == "unauthorized"
    first.operate("PATCH", f"accounts/{ACCESS_CODE}", {"enabled": True})
    _, page = until(lambda: (answer := second.get("v1/messages"))[0] == 200 and answer)
    assert page["messages"] == []


def test_concurrent_saves_on_every_node_undo_no_revocation(cluster):
    """Each node keeps a copy of the account; a save must not write the rest of it back."""
    nodes = [cluster.start("a", "--role=api"), cluster.start("b", "--role=api")]
    cluster.fill(nodes[0], requestsPerSecond=0)
    until(lambda: nodes[1].get("v1/messages")[0] == 200)
    changes = {"enabled": False, "name": "revoked", "ipAllow": ["192.0.2.0/24"]}

    async def save_while_revoked():
        async with httpx2.AsyncClient(headers=CREDENTIALS, timeout=PATIENCE_S) as client:
            saves = [
                client.post(
                    f"{nodes[index % 2].url}/api/v1/open/webhook/save",
                    json={"webhook": f"https://example.com/{index}"},
                )
                for index in range(40)
            ]
            revoke = asyncio.to_thread(
                nodes[0].operate, "PATCH", f"accounts/{ACCESS_CODE}", changes
            )
            return (await asyncio.gather(*saves[:20], revoke, *saves[20:]))[20]

    asyncio.run(save_while_revoked())
    for node in nodes:
        (account,) = node.operate("GET", "accounts")["accounts"]
        assert {key: account[key] for key in changes} == changes


def test_an_admin_may_use_another_node_for_each_request(cluster):
    nodes = [cluster.start(name, "--role=api") for name in ("a", "b")]
    for count in range(20):
        one, other = nodes[count % 2], nodes[1 - count % 2]
        code = f"acme-{count}"
        one.operate("POST", "accounts", {"accessCode": code, "secret": "acme-secret-of-16"})
        other.operate("PATCH", f"accounts/{code}", {"name": "Acme"})
        one.operate("PATCH", f"accounts/{code}", {"requestsPerSecond": 7})
        found = {each["accessCode"]: each for each in other.operate("GET", "accounts")["accounts"]}
        assert (found[code]["name"], found[code]["requestsPerSecond"]) == ("Acme", 7)


def test_a_carrier_paused_on_one_node_is_paused_on_all_until_it_is_resumed(cluster, centre):
    api = cluster.start("api", "--role=api")
    cluster.start("sender", "--role=carrier,dispatch")
    (esim,) = cluster.fill(api)
    paused = api.operate("POST", "carriers/simulator/pause")
    assert paused["paused"]
    later = cluster.start("later", "--role=carrier")

    def is_paused(node):
        (carrier,) = node.operate("GET", "carriers")["carriers"]
        return carrier["paused"]

    until(lambda: all(is_paused(node) for node in cluster.nodes))
    _, waits = api.send(esim, "held back")
    later.operate("POST", "carriers/simulator/resume")
    until(lambda: not any(is_paused(node) for node in cluster.nodes))
    until(lambda: api.state_of(waits["id"]) == "delivered")
    assert centre.texts() == ["held back"]


def test_a_carrier_drained_on_one_node_is_unbound_on_all(cluster, centre):
    api = cluster.start("api", "--role=api")
    sender = cluster.start("sender", "--role=carrier,dispatch")
    until(sender.bound)
    api.operate("POST", "carriers/simulator/drain")
    until(lambda: centre.ask("stats")["bound"] == 0)
    assert sender.bound() == 0
    api.operate("POST", "carriers/simulator/resume")
    until(lambda: centre.ask("stats")["bound"] == 1)
    until(lambda: sender.bound() == 1)
    assert centre.ask("stats")["binds"] == 2


def test_all_nodes_are_shown_with_their_leases(cluster):
    api = cluster.start("api", "--role=api")
    sender = cluster.start("sender", "--role=carrier,dispatch")

    def shown():
        found = {node["name"]: node for node in api.operate("GET", "nodes")["nodes"]}
        return found if found.get("sender", {}).get("leases") else None

    found = until(shown)
    assert found["sender"]["leases"] == ["bind simulator 1", "dispatch"]
    assert found["sender"]["roles"] == ["carrier", "dispatch"]
    assert not found["sender"]["self"]
    assert found["api"]["leases"] == []
    assert found["api"]["self"]
    sender.process.stop()
    until(lambda: [node["name"] for node in api.operate("GET", "nodes")["nodes"]] == ["api"])
