"""The tour that the demo begins with, in real processes."""

import re
import signal
import subprocess
import time

import httpx2
import pytest

from simpost.cli.demo_data import TOUR_ESIM, TOUR_MSISDN
from simpost.cli.demo_tour import BEGINS, ENDS, STOPPED
from tests.scenarios.plain_http import get
from tests.scenarios.test_demo import HEADERS as OF_DEMO
from tests.scenarios.test_demo import delivered, demo, send

HEADERS = {"RT-AccessCode": "tour", "RT-SecretKey": "tour-secret"}
CURL = re.compile(r"^   (curl .*?\n     --json .*)$", re.MULTILINE)
LINK = re.compile(r"^ *(?:The message|The conversation|Watch the handset): (\S+)$", re.MULTILINE)


def listed(url, what, headers=HEADERS):
    return get(f"{url}/v1/{what}", headers=headers).json()[what.partition("?")[0]]


@pytest.fixture(scope="module")
def toured():
    with demo(has_tour=True, until=ENDS) as (_, url, printed):
        yield url, printed


def test_the_tour_begins_after_the_demo_has_printed_how_to_use_it(toured):
    _, printed = toured
    assert printed.index("One line for each text") < printed.index(BEGINS)
    assert "   verdict: verified\n" in printed
    assert STOPPED not in printed


def test_it_sends_a_code_and_a_welcome_that_are_delivered(toured):
    url, _ = toured
    [verification] = listed(url, "verifications")
    assert verification["state"] == "verified"
    ends = time.monotonic() + 45
    while {each["state"] for each in listed(url, "messages")} != {"delivered"}:
        assert time.monotonic() < ends
        time.sleep(0.05)
    welcome, code = listed(url, "messages")
    assert welcome["esimTranNo"] == code["esimTranNo"] == TOUR_ESIM
    assert (code["id"], code["category"]) == (verification["messageId"], "code")
    assert "switch on data roaming" in welcome["text"]


def test_the_reply_of_the_handset_is_in_the_conversation(toured):
    url, _ = toured
    [conversation] = listed(url, "conversations")
    assert (conversation["status"], conversation["unread"]) == ("open", 1)
    entries = get(f"{url}/v1/conversations/{conversation['id']}/entries", headers=HEADERS).json()
    assert "How much data is left?" in str(entries)


def test_the_code_is_nowhere_in_what_it_prints(toured):
    _, printed = toured
    handsets = LINK.search(printed)[1].partition("#")[0]
    [code] = get(f"{handsets}handsets/{TOUR_MSISDN}/messages?match=code").json()
    assert code["code"] not in printed


def test_its_links_lead_to_the_messages_and_the_conversation(toured):
    url, printed = toured
    password = re.search(r"sign in as demo, password (\S+)", printed)[1]
    handset, *pages = LINK.findall(printed)
    assert handset.endswith(f"/#handset/{TOUR_MSISDN}")
    assert get(handset).status_code == 200
    with httpx2.Client(headers={"origin": url}, follow_redirects=True) as browser:
        form = {"name": "demo", "password": password}
        assert browser.post(f"{url}/console/sign-in", data=form).status_code == 200
        shown = [browser.get(page) for page in pages]
    assert [(str(page.url), page.status_code) for page in shown] == [(each, 200) for each in pages]
    assert [TOUR_ESIM in page.text for page in shown] == [True] * 3


def test_the_account_of_the_other_examples_has_nothing_of_it(toured):
    url, _ = toured
    for what in ("messages", "conversations", "verifications", "automations", "templates"):
        assert listed(url, what, OF_DEMO) == []


def test_every_request_that_it_prints_can_be_repeated_without_harm():
    with demo(has_tour=True, until=ENDS) as (_, url, printed):
        commands = CURL.findall(printed)
        assert len(commands) == 6
        before = listed(url, "messages")
        for command in commands:
            words = command.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ", 1)
            done = subprocess.run(
                ["bash", "-c", words.replace('"CODE"', '"000000"')],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert (done.returncode, done.stdout[0]) == (0, "2"), (command, done)
        new = [each for each in listed(url, "messages") if each not in before]
        assert [each["category"] for each in new if each["category"] != "code"] == []
        assert len(new) <= 1
        assert [each["version"] for each in listed(url, "templates")] == [1]


def test_a_second_tour_in_a_folder_welcomes_nobody_twice(tmp_path):
    printed = []
    for _ in range(2):
        with demo(f"--data={tmp_path}", has_tour=True, until=ENDS) as (process, url, shown):
            printed.append(shown)
            welcomes = [each for each in listed(url, "messages") if each["category"] == "service"]
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            assert process.wait(timeout=45) == 0
    assert len(welcomes) == 1
    assert "The handset shows: Welcome to Thailand!" in printed[0]
    assert "nobody is welcomed twice" in printed[1]
    assert LINK.findall(printed[0])[2].rpartition("/")[2] in printed[1]


def test_a_demo_that_ends_during_the_tour_ends_cleanly():
    with demo(has_tour=True, until="1. A code.") as (process, _, _):
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=45) == 0
    assert "Traceback" not in rest


def test_without_the_tour_nothing_is_sent():
    with demo() as (process, url, _):
        assert delivered(url, send(url, "23072017992029").headers["RT-MessageID"])
        assert listed(url, "messages") == []
        process.send_signal(signal.SIGTERM)
        assert BEGINS not in process.stdout.read()


def test_the_handset_gets_the_texts_of_the_tour_in_its_order(toured):
    _, printed = toured
    lines = [line[10:] for line in printed.splitlines() if f"  {TOUR_MSISDN} " in line]
    assert [line.split()[1] for line in lines] == ["got", "got", "sent"]
    assert lines[2].endswith("ESME_ROK")
