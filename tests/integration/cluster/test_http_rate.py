"""Two nodes and a simulated supplier that allows 8 requests a second: together they keep to it."""

import json
import urllib.request
from contextlib import closing

from bench.processes import HOST
from tests.integration.cluster.cluster import Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY

TEXTS = 20
"""Of each node; if each sent 8 a second, the supplier would throttle the third second."""


class SupplierCluster(Cluster):
    """Nodes with a carrier of the type esim_access, at its usual rate."""

    def toml(self, port, name, **settings):
        whole = super().toml(port, name, **settings)
        head, _, _ = whole.partition("[[carriers]]")
        return f"""{head}[[carriers]]
name = "upstream"
type = "esim_access"
base_url = "http://{HOST}:{self._centre_port}/api/v1/open"
allow_private = true
access_code = "any"
secret_key = "any"
[[routes]]
carrier = "upstream"
"""


def limit(upstream):
    rule = {
        "when": {"upstream": "esim_access", "above_per_s": 8},
        "do": {"fault": "http_error", "status": 429, "retry_after": 1},
    }
    request = urllib.request.Request(
        f"http://{HOST}:{upstream.http_port}/faults",
        json.dumps({"rules": [rule]}).encode(),
        method="PUT",
    )
    urllib.request.urlopen(request).close()


def test_nodes_share_the_rate_of_a_supplier_and_are_never_throttled(tmp_path, url, centre: Centre):
    limit(centre)
    cluster = SupplierCluster(tmp_path, url, SEAL_KEY, centre.http_port)
    with closing(cluster):
        nodes = [cluster.start(name) for name in ("first", "second")]
        esims = cluster.fill(nodes[0], esims=2 * TEXTS)
        until(lambda: sum(node.bound() for node in nodes) == 1)
        taken = []
        for number, esim in enumerate(esims):
            node = nodes[number % 2]
            status, answer = node.send(esim, f"text {number}")
            assert status == 202, answer
            taken.append((node, answer["id"]))
        for node, message_id in taken:
            until(lambda: node.state_of(message_id) == "sent")  # noqa: B023  called at once
        stats = centre.ask("stats")
    assert stats["upstreams"] == {"esim_access": {"200": 2 * TEXTS}}
    assert stats["faults"] == {"1 http_error": 0}
