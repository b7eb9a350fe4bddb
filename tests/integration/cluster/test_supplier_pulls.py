"""`simpost sync` and a supplier that fails, simulated by `simpost smsc`: processes, both stores."""

import json
import os
import subprocess
import sys
import urllib.request

import pytest

from bench.processes import HOST
from tests.integration.cluster.cluster import ACCESS_CODE, PATIENCE_S, Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY

URLS = {"esim_access": "/api/v1/open", "esim_go": "/v2.5", "esimfly": "/api/v1/business"}
KEYS = {
    "esim_access": 'access_code = "any"\nsecret_key = "any"',
    "esim_go": 'api_key = "any"',
    "esimfly": 'access_code = "any"\nsecret_key = "any"',
}
ICCIDS = [f"89441234567890{number:04d}" for number in range(12)]
IMPORTED = "26010100000000"
ACTIVE = {"plan": "GB1", "status": "active", "profile": "enabled"}
CATALOGUE = {
    "plans": [{"code": "GB1", "name": "United Kingdom", "countries": ["GB"], "hasSms": True}],
    "esims": [ACTIVE | {"iccid": each, "msisdn": f"66{each[-9:]}"} for each in ICCIDS],
}
FAULTS = """
[[rules]]
when = { call = "plans", times = 1 }
do = { fault = "http_error", status = 429, retry_after = 1 }

[[rules]]
when = { call = "esims", times = 1 }
do = { fault = "drop" }
"""


def source(kind, port):
    return f"""
[[sources]]
type = "{kind}"
name = "{kind}"
account = "{ACCESS_CODE}"
url = "http://{HOST}:{port}{URLS[kind]}"
{KEYS[kind]}
allow_private = true
retire_missing = true
stale_after_s = 3600
when_stale = "refuse"
page_rows = 5
rate_per_s = 50
"""


@pytest.fixture
def supplier(tmp_path):
    folder = tmp_path / "supplier"
    folder.mkdir()
    faults, catalogue = folder / "calls.toml", folder / "catalogue.json"
    faults.write_text(FAULTS)
    catalogue.write_text(json.dumps(CATALOGUE))
    supplier = Centre(folder, None, f"--faults={faults}", f"--catalogue={catalogue}")
    yield supplier
    supplier.kill()


@pytest.fixture(params=["sqlite", "postgres"])
def node(request, tmp_path, centre, supplier):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/simpost.db"
    else:
        url = request.getfixturevalue("url")
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    sources = "".join(source(kind, supplier.http_port) for kind in URLS)
    node = cluster.start("one", more=sources)
    assert cluster.fill(node) == [IMPORTED]
    until(node.bound)
    yield node
    cluster.close()


def simpost(node, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "simpost", *arguments, f"--url={node.url}"],
        env={**os.environ, "SIMPOST_ADMIN_TOKEN": node._token},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def sync(node, name, *options):
    """Exit status, report and error of `simpost sync`."""
    done = simpost(node, "sync", name, *options, "--json")
    report = json.loads(done.stdout)["report"] if done.returncode == 0 else None
    return done.returncode, report, done.stderr


def fail(supplier, *rules):
    url = f"http://{HOST}:{supplier.http_port}/faults"
    body = json.dumps({"rules": rules}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")) as answer:
        assert answer.status == 200


def test_a_supplier_that_fails_loses_no_esim(node, supplier):
    status, refused = node.send(IMPORTED, "too early")
    assert (status, refused["code"]) == (409, "catalogue_stale")
    assert "never copied" in simpost(node, "status").stdout
    for kind in URLS:
        code, report, error = sync(node, kind, "--yes")
        assert (code, error) == (0, "")
        assert sum(report["esims"].values()) == len(ICCIDS)
    assert supplier.ask("stats")["faults"] == {"1 http_error": 1, "2 drop": 1}
    for kind in URLS:
        fail(supplier, {"when": {"call": "esims", "after": 1}, "do": {"fault": "short_list"}})
        code, report, error = sync(node, kind)
        assert (code, error) == (0, "")
        assert (report["missing"] or 0, report["retired"]) == (0, 0)
        refused = {"fault": "http_error", "status": 403}
        fail(supplier, {"when": {"call": "plans"}, "do": refused})
        code, _, error = sync(node, kind)
        assert (code, "HTTP 403" in error) == (1, True)
        assert sum(supplier.ask("stats")["faults"].values()) == 1
    fail(supplier)
    said = simpost(node, "status").stdout
    assert said.count("copied 0:00:") == len(URLS)
    assert said.count("the last pull failed: ") == len(URLS)
    status, taken = node.send(ICCIDS[7], "still here")
    assert status == 202, taken
    until(lambda: node.state_of(taken["id"]) == "delivered")
