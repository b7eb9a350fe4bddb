"""A key of texts is replaced by reloads, while messages are sent: whole processes, one database."""

from base64 import b64encode

from tests.integration.cluster.cluster import until

OLD, NEW = (f"{name}:{b64encode(name[:1].encode() * 32).decode()}" for name in ("old", "new"))


def setting(*keys):
    return f'text_key = "{", ".join(keys)}"\n'


def change(node, before, after):
    text = node.config.read_text()
    assert before in text
    node.config.write_text(text.replace(before, after))


def reload(asked):
    answer = asked.operate("POST", "reload")
    for each in (answer, *answer["nodes"]):
        assert (each["sections"], each["needsRestart"]) == (["store.text_key"], [])


def test_keys_are_replaced_without_a_restart(cluster):
    one, two = nodes = [cluster.start(name) for name in ("one", "two")]
    until(lambda: len(one.operate("GET", "nodes")["nodes"]) == 2)
    [esim] = cluster.fill(one)
    sent = {}

    def send(stage):
        for node in nodes:
            text = f"{stage} at {node.name}"
            status, message = node.send(esim, text)
            assert status == 202, message
            sent[message["id"]] = text

    send("in clear")
    for node in nodes:
        change(node, "[store]\n", f"[store]\n{setting(OLD)}")
    reload(one)
    send("old key")
    change(one, setting(OLD), setting(OLD, NEW))
    change(two, setting(OLD), setting(NEW, OLD))
    reload(two)
    send("each its own order")
    change(one, setting(OLD, NEW), setting(NEW, OLD))
    assert one.operate("POST", "reload")["sections"] == ["store.text_key"]
    send("new key")
    for node in nodes:
        for message_id, text in sent.items():
            assert node.message(message_id)["text"] == text
            until(lambda: node.state_of(message_id) == "delivered")  # noqa: B023  called at once
