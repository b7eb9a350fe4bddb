"""API keys on two nodes of one database: added and revoked at one, known to the other at once."""

import time
import urllib.error
import urllib.request

from tests.integration.cluster.cluster import ACCESS_CODE, until

KEYS = f"accounts/{ACCESS_CODE}/keys"


def status_with(node, key):
    """The status of a request to the node with the key."""
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{node.url}/v1/messages", headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def seconds_until(node, key, expected):
    """Seconds until the node answers with this status, from the moment of the last other answer."""
    since_s = time.monotonic()
    while True:
        sent_s = time.monotonic()
        if status_with(node, key) == expected:
            return sent_s - since_s
        assert sent_s - since_s < 30


def test_a_key_is_revoked_on_all_nodes_within_a_second(cluster):
    nodes = [cluster.start(f"node-{number}") for number in range(2)]
    cluster.fill(nodes[0])
    body = {"name": "shop", "scopes": ["messages:read"]}
    for asked, other in (nodes, nodes[::-1]):
        added = asked.operate("POST", KEYS, body)
        assert status_with(asked, added["key"]) == 200
        assert seconds_until(other, added["key"], 200) < 1
        asked.operate("DELETE", f"{KEYS}/{added['id']}")
        assert status_with(asked, added["key"]) == 401
        assert seconds_until(other, added["key"], 401) < 1


def test_every_node_shows_the_last_use_at_any_node(cluster):
    nodes = [cluster.start(f"node-{number}") for number in range(2)]
    cluster.fill(nodes[0])
    added = nodes[0].operate("POST", KEYS, {"name": "shop", "scopes": ["messages:read"]})
    until(lambda: status_with(nodes[1], added["key"]) == 200)

    def shown():
        [key] = nodes[0].operate("GET", KEYS)["keys"]
        return key["lastUsedAt"]

    assert until(shown) is not None
