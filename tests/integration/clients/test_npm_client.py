"""The npm client: built with tsc, run by node on answers and on a running gateway."""

import json
import re
from pathlib import Path

import pytest

from clients.npm.tools import make_schema
from simpost_client._sync import (
    broadcasts,
    compatible,
    conversations,
    events,
    inbound,
    messages,
    templates,
    verifications,
)
from simpost_client.decoding import json_name
from tests.integration.clients.conftest import LOCKED, NPM, run_node
from tests.integration.clients.worlds import WITHOUT_SMS, Live, esim
from tests.native_app import document

pytestmark = pytest.mark.timeout(240)  # the first run installs what it needs
CLASSES = {
    "Messages": messages.Messages,
    "Verifications": verifications.Verifications,
    "Templates": templates.Templates,
    "Broadcasts": broadcasts.Broadcasts,
    "Conversations": conversations.Conversations,
    "InboundMessages": inbound.InboundMessages,
    "Events": events.Events,
    "CompatibleClient": compatible.CompatibleClient,
}


def test_its_own_tests_pass_on_a_running_gateway(npm_client: Path, live: Live):
    printed = run_node(
        ["node", "--test", "--test-reporter=tap", "test/"],
        npm_client,
        SIMPOST_URL=live.gateway.url,
        SIMPOST_ACCESS_CODE=live.gateway.access_code,
        SIMPOST_SECRET=live.gateway.secret,
        SIMPOST_ESIM=esim(0),
        SIMPOST_ESIM_WITHOUT_SMS=WITHOUT_SMS,
    )
    counts = dict(re.findall(r"^# (pass|fail|skipped) (\d+)$", printed, re.MULTILINE))
    assert counts["fail"] == counts["skipped"] == "0"
    assert int(counts["pass"]) > 20


def test_its_types_are_those_of_the_document(node_modules: Path):
    assert make_schema.types(document(), node_modules / ".bin") == make_schema.TARGET.read_text()


def test_its_package_has_what_is_built_and_no_dependency(npm_client: Path):
    packed = json.loads(run_node(["npm", "pack", "--dry-run", "--json"], npm_client))[0]
    names = {each["path"] for each in packed["files"]}
    built = {f"dist/{each.name}" for each in (npm_client / "dist").iterdir()}
    assert names == built | {"package.json", "README.md", "LICENSE"}
    assert packed["unpackedSize"] < 250_000


def test_it_is_built_with_the_versions_that_are_locked():
    package = json.loads((NPM / "package.json").read_text())
    tested = json.loads((LOCKED / "package.json").read_text())["dependencies"]
    assert not package.get("dependencies")
    assert package["devDependencies"].items() <= tested.items()
    lock = json.loads((NPM / "package-lock.json").read_text())
    assert lock["packages"][""]["devDependencies"] == package["devDependencies"]


CLASS = re.compile(r"^export class (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
METHOD = re.compile(r"^  (?:async )?\*?([a-z]\w*)(?:<.*>)?\(", re.MULTILINE)


def typescript_methods() -> dict[str, set[str]]:
    """The public methods of each exported class of the source."""
    return {
        name: set(METHOD.findall(body)) - {"constructor"}
        for path in (NPM / "src").glob("*.ts")
        for name, body in CLASS.findall(path.read_text())
    }


@pytest.mark.parametrize("name", CLASSES)
def test_it_has_the_methods_of_the_python_client(name):
    methods = {json_name(each) for each in vars(CLASSES[name]) if not each.startswith("_")}
    assert typescript_methods()[name] == methods - {"close"}
