"""The native API at two nodes of one database, and at one node with the embedded store.

What is done at one node is asked at the other; the handsets of the simulator show the texts.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from tests.integration.cluster.cluster import ACCESS_CODE, CREDENTIALS, PATIENCE_S, ask, until
from tests.integration.cluster.service import PUBLIC_URL, promote, seconds_until
from tests.integration.webhooks.receiver import receiving


def page_of(node, url, method="GET", query=""):
    """The HTML of the page behind a link, opened at a node."""
    path = url.removeprefix(PUBLIC_URL)
    with urllib.request.urlopen(
        urllib.request.Request(f"{node.url}{path}{query}", method=method)
    ) as answer:
        return answer.read().decode()


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


def frames(node, after, subjects):
    """The events of a stream at a node, until each message was delivered."""
    headers = {**CREDENTIALS, "Last-Event-ID": str(after)}
    request = urllib.request.Request(f"{node.url}/v1/events/stream", headers=headers)
    missing, found = set(subjects), []
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as lines:
        while missing:
            name, _, value = lines.readline().decode().rstrip("\n").partition(": ")
            if name == "data" and "sequence" in (event := json.loads(value)):
                found.append(event)
                if event["type"] == "message.delivered":
                    missing.discard(event["subject"])
    return found


def last_sequence(node):
    """The sequence number of the last event."""
    query = ""
    while True:
        status, page = ask(node, "GET", f"events?limit=1000{query}")
        assert status == 200, page
        if not page["hasMore"]:
            return page["next"]
        query = f"&after={page['next']}"


def test_a_stream_goes_on_at_another_node_where_it_was(service):
    service.here.operate("PATCH", f"accounts/{ACCESS_CODE}", {"events": True})
    for node in (service.here, service.there):
        until(lambda each=node: ask(each, "GET", "events")[0] == 200)
    esim, _ = service.take()
    start = last_sequence(service.there)

    def send(node):
        return ask(node, "POST", "messages", {"esimTranNo": esim, "text": "Hello"})[1]["id"]

    first = [send(node) for node in (service.here, service.there)]
    before = frames(service.there, start, first)
    second = [send(node) for node in (service.here, service.there)]
    last = before[len(before) // 2]["sequence"]
    after = frames(service.here, last, second)
    whole = ask(service.there, "GET", f"events?after={start}&limit=1000")[1]["events"]
    assert before == whole[: len(before)]
    assert after == [each for each in whole if each["sequence"] > last][: len(after)]


def test_an_export_at_another_node_has_no_cell_that_runs(service):
    esim, _ = service.take()
    formulas = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "Hello"]
    for text in formulas:
        body = {"esimTranNo": esim, "text": text, "reference": text}
        assert ask(service.here, "POST", "messages", body)[0] == 202

    def export(form):
        url = f"{service.there.url}/v1/messages/export?format={form}&esimTranNo={esim}"
        request = urllib.request.Request(url, headers=CREDENTIALS)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    rows = csv.DictReader(io.StringIO(export("csv"), newline=""))
    cells = [each if each == "Hello" else f"'{each}" for each in reversed(formulas)]
    assert [(each["text"], each["reference"]) for each in rows] == [(one, one) for one in cells]
    lines = [json.loads(line) for line in export("jsonl").splitlines()]
    assert [each["text"] for each in lines] == formulas[::-1]


def save_webhook(node, url):
    """Whether `webhook/save` of the compatible API took it."""
    request = urllib.request.Request(
        f"{node.url}/api/v1/open/webhook/save",
        data=json.dumps({"webhook": url}).encode(),
        headers=CREDENTIALS,
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)["success"]


async def test_a_saved_webhook_hears_of_messages_of_every_node(service):
    """In the documented envelope."""
    esim, _ = service.take()
    body = {"esimTranNo": esim, "text": "Hello"}
    async with receiving() as receiver:
        assert await asyncio.to_thread(save_webhook, service.here, receiver.url)
        delivered, count = set(), 0
        sent = {
            (await asyncio.to_thread(ask, node, "POST", "messages", body))[1]["id"]
            for node in (service.here, service.there)
        }
        while not sent <= delivered:
            count += 1
            await receiver.wait_for(count)
            document = receiver.documents[count - 1]
            assert document["notifyType"] == "SMS_STATUS"
            if document["content"]["messageStatus"] == "delivered":
                delivered.add(document["content"]["messageId"])
        _, page = await asyncio.to_thread(ask, service.there, "GET", "webhooks")
        for each in page["webhooks"]:
            status, _ = await asyncio.to_thread(
                ask, service.there, "DELETE", f"webhooks/{each['id']}"
            )
            assert status == 200
