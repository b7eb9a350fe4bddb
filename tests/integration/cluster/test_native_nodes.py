"""The native API at two nodes of one database, and at one node with the embedded store.

What is done at one node is asked at the other; the handsets of the simulator show the texts.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.cluster.cluster import Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY

ESIMS = 12
PUBLIC_URL = "https://sms.example"
MORE = '[policy.daily_limit]\npromotion = 0\nnotice = 0\n[[open_hours]]\nhours = ["00:00-24:00"]\n'


class Service:
    """Two nodes, or one twice; `take` gives an eSIM that no other test uses."""

    def __init__(self, nodes, centre, esims):
        self.here, self.there = nodes
        self.centre = centre
        self._esims = iter(esims)
        self._names = itertools.count()

    def take(self):
        esim = next(self._esims)
        return esim, f"66{esim[-10:]}"

    def name(self):
        return f"name-{next(self._names)}"


@pytest.fixture(scope="module", params=["postgres", "embedded"])
def service(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    centre = Centre(folder)
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        template = request.getfixturevalue("template")
        asyncio.run(postgres.create_database("native", template))
        url, names = postgres.url("native"), ["node-0", "node-1"]
    else:
        url, names = "sqlite:///simpost.db", ["node-0"]
    cluster = Cluster(folder, url, SEAL_KEY, centre.port)
    try:
        nodes = [
            cluster.start(name, server=f'public_url = "{PUBLIC_URL}"', more=MORE) for name in names
        ]
        esims = cluster.fill(nodes[0], esims=ESIMS)
        until(lambda: any(node.bound() for node in nodes))
        until(lambda: ask(nodes[-1], "GET", "messages")[0] == 200)
        yield Service((nodes[0], nodes[-1]), centre, esims)
    finally:
        cluster.close()
        centre.kill()


def page_of(node, url, method="GET", query=""):
    """The HTML of the page behind a link, opened at a node."""
    path = url.removeprefix(PUBLIC_URL)
    with urllib.request.urlopen(
        urllib.request.Request(f"{node.url}{path}{query}", method=method)
    ) as answer:
        return answer.read().decode()


def seconds_until(found):
    """Seconds until the first question that is answered with true is asked."""
    since_s = time.monotonic()

    def asked_s():
        sent_s = time.monotonic()
        return found() and sent_s - since_s

    return until(asked_s)


def promote(node, esim):
    """The code of the refusal of a promotion; empty when it is accepted."""
    body = {"esimTranNo": esim, "text": "Sale", "category": "promotion"}
    return ask(node, "POST", "messages", body)[1].get("code", "")


def test_a_batch_posted_to_both_nodes_at_once_is_accepted_once(service):
    esim, number = service.take()
    texts = [f"batch {index}" for index in range(20)]
    body = {"messages": [{"esimTranNo": esim, "text": text} for text in texts]}
    key = service.name()
    with ThreadPoolExecutor(8) as pool:
        nodes = [service.here, service.there] * 4
        answers = list(
            pool.map(lambda n: ask(n, "POST", "messages", body, Idempotency_Key=key), nodes)
        )
    assert {status for status, _ in answers} == {207}
    results = [answer["results"] for _, answer in answers]
    ids = {tuple(each["message"]["id"] for each in one) for one in results}
    assert len(ids) == 1
    assert sum(not each["replayed"] for one in results for each in one) == len(texts)
    until(lambda: len(service.centre.texts_of(number)) >= len(texts))
    for message_id in ids.pop():
        until(lambda each=message_id: service.there.state_of(each) == "delivered")
    assert sorted(service.centre.texts_of(number)) == sorted(texts)
    body["messages"].pop()
    status, answer = ask(service.there, "POST", "messages", body, Idempotency_Key=key)
    assert (status, answer["code"]) == (422, "request_id_reused")


def test_a_message_with_a_key_of_its_own_is_sent_once_whichever_batch_has_it(service):
    esim, number = service.take()

    def batch(*texts):
        return {
            "messages": [
                {"esimTranNo": esim, "text": text, "idempotencyKey": f"{number}-{text}"}
                for text in texts
            ]
        }

    _, first = ask(service.here, "POST", "messages", batch("one", "two"))
    _, second = ask(service.there, "POST", "messages", batch("two", "three"))
    assert [each["replayed"] for each in second["results"]] == [True, False]
    assert second["results"][0]["message"]["id"] == first["results"][1]["message"]["id"]
    until(lambda: len(service.centre.texts_of(number)) == 3)
    assert sorted(service.centre.texts_of(number)) == ["one", "three", "two"]


def test_a_template_saved_at_one_node_is_used_at_the_other_at_once(service):
    esim, number = service.take()
    name = service.name()
    variables = {"who": {"type": "text", "longest": "Ana"}}
    for version, greeting in enumerate(["Hello", "Welcome"], start=1):
        template = {"name": name, "variables": variables, "texts": {"en": f"{greeting} {{who}}"}}
        status, saved = ask(service.here, "POST", "templates", template)
        assert (status, saved["version"]) == (201, version)
        body = {"esimTranNo": esim, "template": name, "values": {"who": "Ana"}}
        assert ask(service.there, "POST", "messages", body)[0] == 202
        until(lambda text=f"{greeting} Ana": text in service.centre.texts_of(number))
    assert ask(service.there, "POST", "messages", {**body, "templateVersion": 1})[0] == 202
    until(lambda: service.centre.texts_of(number).count("Hello Ana") == 2)
    assert ask(service.there, "DELETE", f"templates/{name}")[0] == 200
    status, refused = ask(service.here, "POST", "messages", body)
    assert (status, refused["code"]) == (404, "template_unknown")


def test_stop_from_a_handset_refuses_promotions_at_every_node_at_once(service):
    esim, number = service.take()
    service.centre.send_from(number, "STOP")
    assert [promote(node, esim) for node in (service.here, service.there)] == ["opted_out"] * 2
    until(lambda: any(each.startswith("Stopped") for each in service.centre.texts_of(number)))
    for node in (service.here, service.there):
        _, history = ask(node, "GET", f"esims/{esim}/preferences/history")
        assert [(each["way"], each["words"]) for each in history["changes"]] == [
            ("handset", "STOP")
        ]
    service.centre.send_from(number, "START")
    assert [promote(node, esim) for node in (service.here, service.there)] == [""] * 2


def test_the_page_behind_a_link_works_at_every_node(service):
    esim, number = service.take()
    name = service.name()
    variables = {"optOutUrl": {"type": "text", "longest": f"{PUBLIC_URL}/o/{'x' * 27}"}}
    template = {"name": name, "variables": variables, "texts": {"en": "Sale! {optOutUrl}"}}
    status, saved = ask(service.here, "POST", "templates", template)
    assert status == 201, saved
    body = {"esimTranNo": esim, "template": name, "category": "promotion"}
    status, answer = ask(service.here, "POST", "messages", body)
    assert status == 202, answer
    (text,) = until(lambda: service.centre.texts_of(number))
    url = text.removeprefix("Sale! ")
    action = re.findall(r'action="([^"]*)"', page_of(service.there, url))[0].replace("&amp;", "&")
    assert promote(service.here, esim) == ""
    assert "You do not get these." in page_of(service.there, url, "POST", action)
    assert "You do not get these." in page_of(service.here, url)
    assert [promote(node, esim) for node in (service.here, service.there)] == ["opted_out"] * 2


def test_a_preference_changed_at_one_node_counts_at_the_other_at_once(service):
    esim, _ = service.take()
    path = f"esims/{esim}/preferences"
    for chosen, expected in ((False, "opted_out"), (None, ""), (False, "opted_out"), (True, "")):
        change = {"categories": {"promotion": chosen}}
        assert ask(service.here, "PATCH", path, change)[0] == 200
        assert promote(service.there, esim) == expected


def test_a_default_of_the_account_counts_at_every_node_within_a_second(service):
    esim, _ = service.take()
    for chosen, expected in ((False, "opted_out"), (None, "")):
        ask(service.here, "PATCH", "preferences", {"categories": {"promotion": chosen}})
        assert seconds_until(lambda code=expected: promote(service.there, esim) == code) < 1


def test_a_key_revoked_at_one_node_is_refused_at_the_other_within_a_second(service):
    scopes = {"name": service.name(), "scopes": ["messages:read"]}
    _, added = ask(service.here, "POST", "keys", scopes)
    bearer = f"Bearer {added['key']}"

    def status_there():
        return ask(service.there, "GET", "messages", Authorization=bearer)[0]

    until(lambda: status_there() == 200)
    assert ask(service.here, "DELETE", f"keys/{added['id']}")[0] == 200
    assert seconds_until(lambda: status_there() == 401) < 1
