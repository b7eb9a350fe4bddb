"""A route with a carrier by SMPP and one by HTTP: real processes, both stores."""

import pytest

from bench.processes import HOST
from tests.integration.cluster.cluster import Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY


class BothCluster(Cluster):
    """Nodes whose route has the message centre, and then an API by HTTP."""

    upstream_port = 0

    def toml(self, port, name, **settings):
        by_http = f"""
[[carriers]]
name = "upstream"
type = "twilio"
base_url = "http://{HOST}:{self.upstream_port}"
allow_private = true
account_sid = "AC00000000000000000000000000000001"
auth_token = "any"
source_address = "447700900000"
[messages]
failover_after_s = 1
"""
        toml = super().toml(port, name, more=by_http, **settings)
        return toml.replace('carrier = "simulator"', 'carriers = ["simulator", "upstream"]')


@pytest.fixture
def upstream(tmp_path):
    folder = tmp_path / "upstream"
    folder.mkdir()
    upstream = Centre(folder)
    yield upstream
    upstream.kill()


@pytest.fixture(params=["sqlite", "postgres"])
def nodes(request, tmp_path, centre, upstream):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/simpost.db"
    else:
        url = request.getfixturevalue("url")
    cluster = BothCluster(tmp_path, url, SEAL_KEY, centre.port)
    cluster.upstream_port = upstream.http_port
    yield cluster
    cluster.close()


def test_messages_go_by_http_while_smpp_is_lost_and_by_smpp_again(
    nodes, centre, upstream, tmp_path
):
    node = nodes.start("one")
    (esim,) = nodes.fill(node)
    number = f"66{esim[-10:]}"
    until(node.bound)

    def sent(text):
        status, taken = node.send(esim, text)
        assert status == 202, taken
        until(lambda: node.state_of(taken["id"]) in ("sent", "delivered"))
        (part,) = node.message(taken["id"])["parts"]
        return part["carrier"]

    assert sent("by SMPP") == "simulator"
    assert centre.texts_of(number) == ["by SMPP"]
    centre.kill()
    until(lambda: not node.bound())
    assert [sent("by HTTP"), sent("by HTTP, too")] == ["upstream", "upstream"]
    assert upstream.texts_of(number) == ["by HTTP", "by HTTP, too"]
    back = Centre(tmp_path, ports=(centre.port, centre.http_port))
    try:
        until(node.bound)
        assert sent("by SMPP again") == "simulator"
        assert back.texts_of(number) == ["by SMPP again"]
    finally:
        back.kill()
    assert upstream.texts_of(number) == ["by HTTP", "by HTTP, too"]
