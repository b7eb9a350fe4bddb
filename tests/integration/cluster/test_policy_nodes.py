"""Policy on two nodes of one database."""

from concurrent.futures import ThreadPoolExecutor

from tests.integration.cluster.cluster import until

ALWAYS_OPEN = '[[open_hours]]\nhours = ["00:00-24:00"]\n'
REQUESTS = 100


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
