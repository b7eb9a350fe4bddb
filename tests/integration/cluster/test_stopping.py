"""A node that stops answers accepted requests and leaves nothing in doubt."""

import concurrent.futures
import itertools
import threading

from tests.integration.cluster.cluster import PATIENCE_S, until


def test_a_stop_under_load_loses_nothing_and_leaves_nothing_in_doubt(cluster, centre):
    leaving = cluster.start("leaving")
    until(leaving.bound)
    staying = cluster.start("staying")
    esims = cluster.fill(leaving, 20)
    accepted, over = {}, threading.Event()
    count = itertools.count()

    def send_until_it_is_gone():
        while not over.is_set():
            index = next(count)
            try:
                status, answer = leaving.send(esims[index % 20], f"text {index}", category="code")
            except OSError:
                return
            assert status == 202, answer
            accepted[answer["id"]] = f"text {index}"

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        sending = [threads.submit(send_until_it_is_gone) for _ in range(6)]
        until(lambda: len(accepted) >= 100)
        leaving.process._child.terminate()
        assert leaving.process._child.wait(timeout=PATIENCE_S) == 0
        over.set()
        for each in sending:
            each.result()

    for message_id in accepted:
        until(lambda: staying.state_of(message_id) == "delivered")  # noqa: B023
        attempts = staying.message(message_id)["attempts"]
        assert "in_doubt" not in {attempt["outcome"] for attempt in attempts}
    shown = centre.texts()
    assert {text for text in accepted.values() if shown.count(text) != 1} == set()
