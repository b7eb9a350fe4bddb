"""The client is complete and current: both halves, models, fields, what is loaded, errors."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import simpost_client
from clients.npm.tools import make_schema
from clients.python.tools import make_models, make_sync
from simpost_client import errors, models, requests
from simpost_client._sync.messages import Messages
from simpost_client.decoding import json_name
from simpost_client.error_table import problem_error
from simpost_client.errors import ApiError, InvalidRequest, NotFound, Refused, ServerFailed
from simpost_client.testing import FakeGateway
from tests.native_app import document

SOURCES = Path("clients/python/src")
HALVES = [
    (simpost_client.SimpostClient, simpost_client.AsyncSimpostClient),
    (simpost_client.CompatibleClient, simpost_client.AsyncCompatibleClient),
]
RESOURCES = ["messages", "verifications", "templates", "broadcasts", "conversations", "inbound",
             "events"]  # fmt: skip


STALE = "write it again: CONTRIBUTING.md, How to change the clients"


def test_the_synchronous_half_is_current():
    folder = make_sync.PACKAGE / "_sync"
    made = make_sync.modules()
    assert sorted(made) == sorted(path.name for path in folder.glob("*.py"))
    stale = [name for name, text in made.items() if (folder / name).read_text() != text]
    assert stale == [], STALE


def test_the_models_are_current():
    made = make_models.models(document())
    stored = {path.stem: path.read_text() for path in make_models.FOLDER.glob("*.py")}
    assert sorted(made) == sorted(stored)
    assert [name for name in made if made[name] != stored[name]] == [], STALE


def test_the_types_of_the_npm_client_are_of_this_document():
    first = make_schema.TARGET.read_text("utf-8").partition("\n")[0]
    assert first == make_schema.mark(document()), STALE


def public(kind):
    return {
        name: str(inspect.signature(value)).replace("Async", "")
        for name, value in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def plain(signatures):
    words = {"Generator": "Iterator", ", None, None]": "]", ", None]": "]"}
    changed = {}
    for name, text in signatures.items():
        for word, other in words.items():
            text = text.replace(word, other)  # noqa: PLW2901
        changed[name] = text
    return changed


@pytest.mark.parametrize(("sync", "asynchronous"), HALVES)
def test_both_halves_have_the_same_methods(sync, asynchronous):
    assert plain(public(sync)) == plain(public(asynchronous))
    assert not [name for name in public(sync) if "async" in name]
    given = [str(inspect.signature(half.__init__)) for half in (sync, asynchronous)]
    assert given[0].replace("BaseTransport", "") == given[1].replace("AsyncBaseTransport", "")


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_resources_of_both_halves_have_the_same_methods(resource):
    account = {"access_code": "demo", "secret": "demo-secret"}
    with FakeGateway().client() as client:
        sync = type(getattr(client, resource))
    half = simpost_client.AsyncSimpostClient("http://simpost.test", **account)
    asynchronous = type(getattr(half, resource))
    assert plain(public(sync)) == plain(public(asynchronous))
    assert public(sync)


@pytest.mark.parametrize(
    ("fields", "schema"),
    [
        ("MessageFields", "MessageRequest"),
        ("VerificationFields", "VerificationRequest"),
        ("TemplateFields", "TemplateIn"),
        ("VariableFields", "VariableIn"),
        ("BroadcastFields", "BroadcastRequest"),
        ("AudienceFields", "AudienceIn"),
        ("ReplyFields", "ReplyRequest"),
        ("EsimFields", "ConversationStart"),
        ("PortFields", "PortsIn"),
    ],
)
def test_requests_have_every_field_of_the_api(fields, schema):
    known = {json_name(name) for name in getattr(requests, fields).__annotations__}
    wanted = set(document()["components"]["schemas"][schema]["properties"])
    assert known == wanted - {"dryRun"}


def test_filters_of_a_search_are_those_of_the_api():
    parameters = document()["paths"]["/v1/messages"]["get"]["parameters"]
    wanted = {each["name"] for each in parameters if each["in"] == "query"}
    signature = inspect.signature(Messages.search)
    ours = {"accepted_from": "from", "accepted_to": "to", "page_size": "limit"}
    known = {ours.get(name) or json_name(name) for name in signature.parameters} - {"self"}
    assert known == wanted - {"cursor"}


def test_everything_that_is_exported_can_be_loaded():
    for name in simpost_client.__all__:
        assert getattr(simpost_client, name)
    for name in models.__all__:
        assert getattr(models, name).__module__.startswith("simpost_client.models.")
    assert set(simpost_client._HOMES) == set(simpost_client.__all__)
    with pytest.raises(AttributeError):
        simpost_client.Nothing  # noqa: B018


def test_the_drawn_tree_of_errors_is_true():
    def drawn(kind, depth=0):
        yield kind.__name__, depth
        for each in kind.__subclasses__():
            yield from drawn(each, depth + 1)

    lines = [line for line in errors.__doc__.splitlines() if "─" in line]
    shown = {line.split("── ")[1].split()[0]: line.index("──") // 4 for line in lines}
    assert shown == {name: depth - 1 + 1 for name, depth in drawn(errors.SimpostError) if depth}


LOADED = """
import sys
before = set(sys.modules)
import simpost_client
from simpost_client import SimpostClient, Webhook
print(*sorted(set(sys.modules) - before))
"""


def test_an_import_loads_neither_http_nor_the_other_half():
    environment = {"PYTHONPATH": str(SOURCES.absolute())}
    found = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, env=environment
    ).stdout.split()
    assert "simpost_client" in found
    slow = {"httpx2", "asyncio", "email", "http", "ssl", "simpost_client.models.messages"}
    assert not slow & set(found)
    assert "simpost_client._async.transport" not in found
    assert len(found) <= 80


def test_the_client_imports_nothing_of_the_gateway_and_one_package():
    allowed = sys.stdlib_module_names | {"simpost_client", "httpx2"}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            assert {name.split(".")[0] for name in names} <= allowed, path


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (422, {"code": "invalid_request"}, InvalidRequest),
        (422, {"code": "text_blank", "remedy": "Give a text."}, Refused),
        (404, {"code": "esim_unknown", "remedy": "Check it."}, NotFound),
        (418, {}, ApiError),
        (500, {"code": ["odd"]}, ServerFailed),
    ],
)
def test_a_problem_is_an_error_of_its_kind(status, body, kind):
    error = problem_error(status, body)
    assert type(error) is kind
    assert error.status == status


def test_an_error_quotes_little_of_what_a_host_says():
    assert len(str(problem_error(500, {"detail": "x" * 10_000}))) < 600
