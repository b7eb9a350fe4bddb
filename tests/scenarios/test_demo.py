"""The demo as a process of its own."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests import prestarted
from tests.scenarios.plain_http import get, post

OWN_TERMINAL = "tests.scenarios.faults.own_terminal"
FREE = ("--handsets-port=0", "--smsc-port=0")
QUIET = (*FREE, "--no-tour")
HEADERS = {"RT-AccessCode": "demo", "RT-SecretKey": "demo-secret"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@contextmanager
def demo(*options, popen=prestarted.Popen, until="One line for each", has_tour=False):
    """The demo, with all it printed until a line with these words; killed in the end.

    It is also killed if it never prints them.
    """
    port = free_port()
    process = popen(
        [
            *(sys.executable, "-m", "simpost", "demo", f"--port={port}"),
            *(FREE if has_tour else QUIET),
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if until in line:
                break
        watchdog.cancel()
        yield process, f"http://127.0.0.1:{port}", "".join(lines)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def send(url, esim, message="hi", **headers):
    return post(
        f"{url}/api/v1/open/esim/sendSms",
        json={"esimTranNo": esim, "message": message},
        headers=HEADERS | headers,
    )


def delivered(url, message_id):
    ends = time.monotonic() + 45
    while time.monotonic() < ends:
        message = get(f"{url}/v1/messages/{message_id}", headers=HEADERS).json()
        if message["state"] == "delivered":
            return True
        time.sleep(0.05)
    return False


def test_the_printed_command_leads_to_the_handset(shared):
    _, url, printed = shared
    answer = send(url, "23072017992029", "Sawasdee ✓")
    assert answer.json() == {
        "success": True,
        "errorCode": None,
        "errorMsg": None,
        "obj": None,
    }
    assert delivered(url, answer.headers["RT-MessageID"])
    handsets = re.search(r"handsets\s+(http://127\.0\.0\.1:\d+)/", printed)[1]
    shown = get(f"{handsets}/handsets/66800000001").json()
    assert [text["text"] for text in shown["messages"]] == ["Sawasdee ✓"]


def test_the_first_page_links_the_handsets_and_every_link_answers(shared):
    _, url, printed = shared
    assert f"{url}/ " in printed
    page = get(f"{url}/").text
    links = [httpx2.URL(f"{url}/").join(link) for link in re.findall('href="([^"]*)"', page)]
    handsets = re.search(r"handsets\s+(http://\S+)", printed)[1]
    assert str(links[0]) == handsets
    assert len(links) == 5
    assert [get(link).status_code for link in links] == [200] * 5


@pytest.mark.parametrize(
    ("esim", "code", "reason"),
    [
        ("23072017992031", "200002", "sms_not_supported"),
        ("23072017992032", "200002", "not_installed"),
        ("23072017992033", "200002", "esim_expired"),
        ("23072017992034", "200002", "esim_revoked"),
        ("23072017992035", "310403", "esim_unknown"),
        ("99999999999999", "310403", "esim_unknown"),
    ],
)
def test_every_sample_esim_behaves_as_described(running_demo, esim, code, reason):
    answer = send(running_demo, esim)
    assert (answer.status_code, answer.json()["errorCode"]) == (200, code)
    assert answer.headers["RT-Reason"] == reason


def test_the_api_only_esim_takes_texts_from_the_api(running_demo):
    answer = send(running_demo, "23072017992030")
    assert delivered(running_demo, answer.headers["RT-MessageID"])


@pytest.fixture(scope="module")
def shared():
    """A demo of several tests; one of them sends to the eSIM 23072017992029."""
    with demo() as running:
        yield running


@pytest.fixture
def running_demo(shared):
    return shared[1]


def test_a_busy_port_is_one_clear_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "simpost", "demo", f"--port={port}", *FREE]
        done = prestarted.run(command, timeout=60)
    assert done.returncode != 0
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(wanted):
    with demo() as (process, url, _):
        send(url, "23072017992029")
        process.send_signal(wanted)
        rest = process.stdout.read()
        assert process.wait(timeout=45) == 0
        assert "Traceback" not in rest
        socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))).close()


@pytest.mark.parametrize("read", [b"One line for each", b"simpost"])
def test_a_closed_terminal_ends_it_and_frees_its_port(read):
    """After all that it prints was read, or in the middle of it."""
    port = free_port()
    leader, terminal = pty.openpty()
    process = prestarted.Popen(
        # A session of its own with this terminal: the kernel signals it when that is closed.
        [sys.executable, "-m", OWN_TERMINAL, "demo", f"--port={port}", *FREE],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    try:
        printed = b""
        while read not in printed:
            printed += os.read(leader, 64)
        os.close(leader)
        assert process.wait(timeout=45) == 0
    finally:
        process.kill()
        process.wait()
    socket.create_server(("127.0.0.1", port)).close()


def test_a_hangup_is_ignored_where_its_caller_ignores_it():
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with demo(popen=subprocess.Popen) as (process, url, _):
            process.send_signal(signal.SIGHUP)
            assert get(f"{url}/healthz").status_code == 200
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            assert process.wait(timeout=45) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_kept_folder_keeps_what_was_sent(tmp_path):
    with demo(f"--data={tmp_path}") as (process, url, _):
        message_id = send(url, "23072017992029", "still here").headers["RT-MessageID"]
        assert delivered(url, message_id)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.wait(timeout=45)
    with demo(f"--data={tmp_path}") as (_, url, _):
        message = get(f"{url}/v1/messages/{message_id}", headers=HEADERS).json()
        assert (message["text"], message["state"]) == ("still here", "delivered")


def test_a_request_id_is_remembered_across_a_restart(tmp_path):
    again = {"RT-RequestID": "4ce9d9cdac9e4e17b3a2c66c358c1ce2"}
    with demo(f"--data={tmp_path}") as (process, url, _):
        first = send(url, "23072017992029", "once", **again)
        process.kill()
        process.wait()
    with demo(f"--data={tmp_path}") as (_, url, _):
        second = send(url, "23072017992029", "once", **again)
        other = send(url, "23072017992029", "another body", **again)
        listed = get(f"{url}/v1/messages", headers=HEADERS).json()["messages"]
    assert second.json() == first.json()
    assert second.headers["RT-MessageID"] == first.headers["RT-MessageID"]
    assert other.json()["success"] is False
    assert [message["text"] for message in listed] == ["once"]


def test_it_listens_on_loopback_only(shared):
    process, _, _ = shared
    found = subprocess.run(
        ["cat", f"/proc/{process.pid}/net/tcp"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip("no /proc here")
    inodes = socket_inodes(process.pid)
    listening = [row.split() for row in found.stdout.splitlines()[1:]]
    addresses = {row[1].split(":")[0] for row in listening if row[3] == "0A" and row[9] in inodes}
    assert addresses == {"0100007F"}


def socket_inodes(pid):
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    return inodes


def lines_until(process, wanted):
    """What the demo prints from now on, up to a line with the words."""
    found = []
    for line in process.stdout:
        found.append(line)
        if wanted in line:
            return found
    raise AssertionError(found)


def test_one_line_reports_each_text_without_its_content():
    with demo() as (process, url, _):
        assert delivered(url, send(url, "23072017992029", "hush").headers["RT-MessageID"])
        send(url, "23072017992036", "hush")
        told = lines_until(process, "66800999005")
    assert [line[10:] for line in told if line.strip()] == [
        "66800000001 got 4 characters in 1 part from 66820000000\n",
        "66800999005 got nothing from 66820000000: UNDELIVERABLE\n",
    ]


def test_an_answer_to_the_demos_number_is_in_the_inbox_that_the_hint_shows(tmp_path):
    with demo() as (process, url, printed):
        assert delivered(url, send(url, "23072017992029").headers["RT-MessageID"])
        handsets = re.search(r"handsets\s+(http://127\.0\.0\.1:\d+)/", printed)[1]
        shown = get(f"{handsets}/handsets/66800000001").json()["messages"][0]
        reply = {"to": shown["from"], "text": "thanks"}
        answer = post(
            f"{handsets}/handsets/66800000001/messages",
            json=reply,
            headers={"origin": handsets},
        )
        assert answer.json()["responses"] == ["ESME_ROK"]
        lines_until(process, "66800000001 sent 6 characters in 1 part to 66820000000: ESME_ROK")
        hint = next(line for line in printed.splitlines() if " inbox --config" in line)
        done = subprocess.run(
            hint, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert "thanks" in done.stdout
        assert "23072017992029" in done.stdout


def test_ports_and_password_stay_across_restarts(tmp_path):
    ports = [f"--handsets-port={free_port()}", f"--smsc-port={free_port()}"]
    heads = []
    for _ in range(2):
        with demo(f"--data={tmp_path}", *ports) as (process, _, printed):
            heads.append(re.findall(r"handsets +http.*|SMSC  .*", printed))
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            process.wait(timeout=45)
    assert heads[0] == heads[1]
    assert ports[0].partition("=")[2] in heads[0][0]
    assert ports[1].partition("=")[2] in heads[0][1]


def test_the_demo_account_has_no_rate_limit(running_demo):
    answers = [send(running_demo, "99999999999999") for _ in range(40)]
    assert {answer.headers["RT-Reason"] for answer in answers} == {"esim_unknown"}


def test_usual_ports_are_fixed():
    done = prestarted.run([sys.executable, "-m", "simpost", "demo", "--help"], timeout=60)
    assert re.search(r"--handsets-port .*?8081", done.stdout, re.DOTALL)
    assert re.search(r"--smsc-port .*?2775", done.stdout, re.DOTALL)
