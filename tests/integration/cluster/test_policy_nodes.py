"""Policy on two nodes of one database."""

from concurrent.futures import ThreadPoolExecutor

from simpost.cluster.node import _BEAT_S
from tests.integration.cluster.cluster import ACCESS_CODE, until

ALWAYS_OPEN = '[[open_hours]]\nhours = ["00:00-24:00"]\n'
REQUESTS = 100
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
