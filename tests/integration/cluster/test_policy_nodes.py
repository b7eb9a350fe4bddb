"""Policy on two nodes of one database."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from simpost.cluster.node import _BEAT_S
from tests.integration.cluster.cluster import ACCESS_CODE, CREDENTIALS, PATIENCE_S, ask, until
from tests.integration.cluster.service import promote, seconds_until

ALWAYS_OPEN = '[[open_hours]]\nhours = ["00:00-24:00"]\n'
REQUESTS = 100
TIMES = 6
"""Times that a text, or a request, comes at once."""
ACCOUNT_SCOPE, ALL = {"account": ACCESS_CODE}, {"everything": True}


def test_requests_at_once_on_two_nodes_never_exceed_a_daily_limit(cluster, centre):
    nodes = [cluster.start(f"node-{number}", more=ALWAYS_OPEN) for number in range(2)]
    until(lambda: any(node.bound() for node in nodes))
    one, other = cluster.fill(nodes[0], esims=2)

    def send(number):
        return nodes[number % 2].send(one, f"offer {number}", category="promotion")

    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(send, range(REQUESTS)))

    accepted = [answer for status, answer in answers if status == 202]
    refused = [answer for status, answer in answers if status != 202]
    assert len(accepted) == 2
    assert {answer["code"] for answer in refused} == {"cap_reached"}
    assert all("2 of 2 used" in answer["detail"] for answer in refused)
    until(lambda: len(centre.texts()) == 2)

    status, answer = nodes[1].send(other, "an offer to another", category="promotion")
    assert status == 202, answer
    until(lambda: nodes[0].state_of(answer["id"]) == "delivered")
    assert len(centre.texts()) == 3


def test_a_stop_is_known_to_all_nodes(cluster):
    """Within a second, as documented, since heartbeats ask for the version of the accounts."""
    assert _BEAT_S < 1
    nodes = [cluster.start(f"node-{number}", more=ALWAYS_OPEN) for number in range(2)]
    (esim,) = cluster.fill(nodes[0])
    until(lambda: nodes[1].send(esim, "before")[0] == 202)
    for scope, query in ((ACCOUNT_SCOPE, f"account={ACCESS_CODE}"), (ALL, "everything=true")):
        nodes[0].operate("POST", "stops", {**scope, "reason": "the key leaked"})
        answer = until(lambda: answered(409, nodes[1].send(esim, "stopped")))
        assert answer["code"] == "sending_stopped"
        assert "the key leaked" in answer["detail"]
        assert nodes[1].operate("GET", "stops")["stops"][0]["reason"] == "the key leaked"
        nodes[1].operate("DELETE", f"stops?{query}")
        until(lambda: answered(202, nodes[0].send(esim, "resumed")))


def answered(expected, response):
    """The body, if the response has the expected status."""
    status, body = response
    return body if status == expected else None


def knows_budgets(node, esim):
    """Whether the node takes budgets into account."""
    _, preview = node.send(esim, "text", dryRun=True)
    return any(each["rule"] == "budget" and each["facts"] for each in preview.get("rules", ()))


def test_requests_at_once_on_two_nodes_never_exceed_a_budget(cluster, centre):
    nodes = [cluster.start(f"node-{number}", more=ALWAYS_OPEN) for number in range(2)]
    esims = cluster.fill(nodes[0], esims=10, events=True)
    budgets = {"budgets": [{"day": 30}, {"prefix": "66", "month": 20}]}
    nodes[0].operate("PUT", f"accounts/{ACCESS_CODE}/budgets", budgets)
    for node in nodes:
        until(lambda node=node: knows_budgets(node, esims[0]))

    def send(number):
        return nodes[number % 2].send(esims[number % 10], f"text {number}")

    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(send, range(REQUESTS)))
    refused = [answer for status, answer in answers if status != 202]
    assert REQUESTS - len(refused) == 20
    assert {answer["code"] for answer in refused} == {"budget_reached"}
    for node in nodes:
        everything, thailand = node.operate("GET", f"accounts/{ACCESS_CODE}/budgets")["budgets"]
        assert (everything["dayUsed"], thailand["monthUsed"]) == (20, 20)
    events = nodes[0].get("v1/events?limit=1000")[1]["events"]
    alarms = [event for event in events if event["type"] == "budget.reached"]
    assert [(each["subject"], each["data"]["percent"]) for each in alarms] == [
        ("month:66", 50), ("day", 50), ("month:66", 80), ("month:66", 100),
    ]  # fmt: skip
    logged = [line for node in nodes for line in node.log.read_text().splitlines()
              if "budget_reached" in line and "percent" in line]  # fmt: skip
    assert len(logged) == 4


def test_a_stop_is_in_effect_at_every_node_within_a_second(service):
    esim, _ = service.take()
    scope = {"account": ACCESS_CODE, "category": "promotion"}
    took = []
    for _ in range(3):
        service.here.operate("POST", "stops", {**scope, "reason": "ticket 4711"})
        took.append(seconds_until(lambda: promote(service.there, esim) == "sending_stopped"))
        service.here.operate("DELETE", f"stops?{urlencode(scope)}")
        took.append(seconds_until(lambda: promote(service.there, esim) == ""))
    assert sorted(took)[3] < 1, took  # a busy machine may take longer now and then


def test_words_that_come_many_times_at_once_are_answered_once(service):
    """By the binds of all nodes."""
    esim, number = service.take()
    for word in ("HELP", "STOP", "START"):
        with ThreadPoolExecutor(TIMES) as pool:
            list(
                pool.map(lambda _, each=word: service.centre.send_from(number, each), range(TIMES))
            )
    _, page = ask(service.there, "GET", f"messages?esimTranNo={esim}")
    answers = sorted(each["text"].split(":")[0] for each in page["messages"])
    assert answers == ["On again", "Stopped", "Text STOP to end"]
    _, history = ask(service.there, "GET", f"esims/{esim}/preferences/history")
    assert [each["words"] for each in history["changes"]] == ["START", "STOP"]
    until(lambda: len(service.centre.texts_of(number)) == 3 * TIMES + len(answers))


def test_stop_and_start_act_each_time_whichever_node_they_come_to(service):
    esim, number = service.take()
    for word, expected in (("STOP", "opted_out"), ("START", "")) * TIMES:
        service.centre.send_from(number, word)
        assert [promote(node, esim) for node in (service.here, service.there)] == [expected] * 2
        if word == "START":
            service.centre.send_from(number, "Thanks")  # nodes take turns: the next gets STOP
    _, history = ask(service.there, "GET", f"esims/{esim}/preferences/history")
    assert [each["words"] for each in history["changes"]] == ["START", "STOP"] * TIMES


def send_sms(node, esim, text, **headers):
    """JSON and headers of the compatible API."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        f"{node.url}/api/v1/open/esim/sendSms",
        data=json.dumps({"esimTranNo": esim, "message": text}).encode(),
        headers={**CREDENTIALS, **names},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer), answer.headers


def closed_now():
    """An hour of Thailand, which issued the eSIMs, in about twelve hours."""
    opens = datetime.now(UTC) + timedelta(hours=7 + 12)
    return f"{opens:%H}:00-{opens:%H}:59"


def test_the_compatible_api_says_until_when_it_holds_and_why_it_refuses(service):
    esim, number = service.take()
    path = f"esims/{esim}/preferences"
    assert ask(service.here, "PATCH", path, {"openHours": closed_now()})[0] == 200
    offer = {"RT_Category": "promotion", "RT_RequestID": f"offer-{esim}"}
    held = [send_sms(node, esim, "an offer", **offer) for node in (service.there, service.here)]
    for answer, headers in held:  # the second is the repeat of a request
        assert (answer["success"], headers["RT-Reason"]) == (True, "quiet_hours")
        message = service.here.message(headers["RT-MessageID"])
        assert (message["state"], message["heldUntil"]) == ("held", headers["RT-Held-Until"])
    assert held[0][1]["RT-MessageID"] == held[1][1]["RT-MessageID"]

    change = {"openHours": "always", "categories": {"promotion": False}}
    assert ask(service.there, "PATCH", path, change)[0] == 200
    answer, headers = send_sms(service.here, esim, "an offer", RT_Category="promotion")
    assert (answer["success"], answer["errorCode"]) == (False, "200002")
    assert headers["RT-Reason"] == "opted_out"

    code = {"RT_Category": "code", "RT_RequestID": f"code-{esim}"}
    with ThreadPoolExecutor(TIMES) as pool:
        nodes = [service.here, service.there] * (TIMES // 2)
        sent = list(pool.map(lambda node: send_sms(node, esim, "482913", **code), nodes))
    assert all(answer["success"] for answer, _ in sent)
    assert len({headers["RT-MessageID"] for _, headers in sent}) == 1
    until(lambda: service.there.state_of(sent[0][1]["RT-MessageID"]) == "delivered")
    assert service.centre.texts_of(number) == ["482913"]
