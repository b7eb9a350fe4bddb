"""The command line against the demo, each command in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Simpost = Callable[..., Any]

ESIM = "23072017992029"
GOOD = {"smdpStatus": "ENABLED", "esimStatus": "IN_USE", "packageList": [{"slug": "TH_1_7"}]}


def esims(*numbers: str) -> str:
    rows = [{"esimTranNo": number, "msisdn": f"6691{number[-6:]}", **GOOD} for number in numbers]
    return json.dumps({"success": True, "obj": {"esimList": rows}}, indent=1)


def test_a_message_is_sent_and_followed_until_it_arrived(simpost: Simpost) -> None:
    done = simpost("send", "Hello {world}", "--esim", ESIM, "--wait")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("  delivered")


def test_a_message_can_be_shown_in_full(simpost: Simpost) -> None:
    sent = json.loads(simpost("send", "for the log", "--esim", ESIM, "--wait", "--json").stdout)
    shown = simpost("messages", sent["id"])
    assert shown.returncode == 0
    assert f"message   {sent['id']}" in shown.stdout
    assert "text      for the log" in shown.stdout
    assert "part 1 accepted by simulator as " in shown.stdout
    assert "part 1 delivered" in shown.stdout


def test_flash_binary_ports_and_no_receipt_are_asked_for_on_the_command_line(
    simpost: Simpost,
) -> None:
    asked = ("--binary", "00ff1b", "--ports", "2948:9200", "--class", "0", "--no-receipt")
    sent = simpost("send", *asked, "--esim", ESIM, "--wait", "--json")
    assert sent.returncode == 0, sent.stderr
    found = json.loads(sent.stdout)
    assert (found["binary"], found["class"], found["receipt"]) == ("00ff1b", 0, False)
    assert found["ports"] == {"destination": 2948, "source": 9200, "bits": 16}
    assert found["state"] == "sent"
    shown = simpost("messages", found["id"]).stdout
    assert "class 0, to port 2948 from 9200, without a receipt" in shown
    assert "binary    00ff1b" in shown


def test_a_sender_the_carrier_may_not_use_is_refused(simpost: Simpost) -> None:
    done = simpost("send", "no", "--esim", ESIM, "--from", "Bank")
    assert done.returncode == 1
    assert "does not allow this sender" in done.stderr


def test_messages_are_listed_and_filtered(simpost: Simpost) -> None:
    ids = [
        json.loads(simpost("send", text, "--esim", ESIM, "--json").stdout)["id"]
        for text in ("first of the list", "second of the list")
    ]
    listed = json.loads(simpost("messages", "--limit", "2", "--json").stdout)
    assert [message["id"] for message in listed] == ids[::-1]
    table = simpost("messages", "--esim", ESIM, "--since", "1h").stdout.splitlines()
    assert table[0].split()[:3] == ["accepted", "(UTC)", "id"]
    assert any(ids[0] in line and line.endswith("first of the list") for line in table)
    assert simpost("messages", "--since", "2100-01-01").stdout == "no messages\n"


def test_messages_are_found_by_reference_category_reason_and_time(simpost: Simpost) -> None:
    sent = simpost("send", "for order 7", "--esim", ESIM, "--reference", "order-7", "--json")
    message_id = json.loads(sent.stdout)["id"]
    for filters in (
        ("--reference", "order-7"),
        ("--reference-prefix", "order-", "--category", "service", "--until", "2100-01-01"),
    ):
        listed = json.loads(simpost("messages", *filters, "--json").stdout)
        assert [message["id"] for message in listed] == [message_id]
    assert simpost("messages", "--reason", "budget_reached").stdout == "no messages\n"
    assert simpost("messages", "--template", "nobodys").stdout == "no messages\n"
    assert simpost("messages", "--reason", "bad_luck").returncode == 2


def test_a_dry_run_says_what_would_happen_and_sends_nothing(simpost: Simpost) -> None:
    before = simpost("messages", "--json").stdout
    would = simpost("send", "ő" * 80, "--esim", ESIM, "--dry-run")
    assert would.returncode == 0
    assert "would be sent to 66800000001 through simulator, 2 parts of ucs2" in would.stdout
    refused = simpost("send", "no", "--esim", "23072017992031", "--dry-run")
    assert refused.returncode == 1
    assert refused.stdout.startswith("would be refused: sms_not_supported\nThe plan does not")
    assert simpost("messages", "--json").stdout == before


def test_a_refusal_is_a_sentence_with_its_remedy(simpost: Simpost) -> None:
    done = simpost("send", "no", "--esim", "23072017992031")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "simpost: The plan does not support SMS (smsStatus 0). "
        "Choose a plan with smsStatus 1 or 2; package/list shows it.\n"
    )


def test_the_same_request_id_sends_once(simpost: Simpost) -> None:
    asked = ("send", "once", "--esim", ESIM, "--request-id", "r-1", "--json")
    first, second = (json.loads(simpost(*asked).stdout)["id"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("messages", "nonsense"), "This account has no such message."),
        (("messages", "--secret", "wrong-secret"), "The access code or the secret is wrong"),
        (("accounts", "list", "--admin-token", "wrong-token"), "The admin token is wrong"),
        (
            ("accounts", "change", "nobody", "--disable"),
            "There is no account with this access code",
        ),
        (("accounts", "add", "demo"), "There is already an account with this access code."),
    ],
)
def test_a_refusal_of_the_service_is_one_sentence(
    simpost: Simpost, arguments: tuple[str, ...], said: str
) -> None:
    done = simpost(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_account_is_added_changed_and_used(simpost: Simpost) -> None:
    added = simpost("accounts", "add", "shop", "--name", "Shop", "--requests-per-second", "20")
    assert added.returncode == 0, added.stderr
    secret = added.stdout.partition("RT-SecretKey: ")[2].split()[0]
    args = ["messages", "--access-code", "shop", "--secret", secret]
    assert simpost(*args).stdout == "no messages\n"
    listed = json.loads(simpost("accounts", "list", "--json").stdout)
    (shop,) = [account for account in listed if account["accessCode"] == "shop"]
    assert (shop["name"], shop["requestsPerSecond"], "secret" in shop) == ("Shop", 20, False)
    table = simpost("accounts", "list").stdout
    assert secret not in table
    assert any(line.split()[:2] == ["shop", "Shop"] for line in table.splitlines())
    assert simpost("accounts", "change", "shop", "--disable").returncode == 0
    assert simpost(*args).returncode == 1


def test_refusals_are_shown_to_the_account_and_the_administrator(
    simpost: Simpost,
) -> None:
    simpost("send", "a secret text", "--esim", "no-such-esim")
    for args in ((), ("--account", "demo")):
        shown = simpost("refusals", "--esim", "no-such-esim", "--reason", "esim_unknown", *args)
        assert shown.returncode == 0, shown.stderr
        assert "The account has no eSIM with this number." in shown.stdout
        assert "a secret text" not in shown.stdout
    found = json.loads(simpost("refusals", "--since", "1h", "--limit", "1", "--json").stdout)
    assert [each["esimTranNo"] for each in found] == ["no-such-esim"]
    assert simpost("refusals", "--esim", "another").stdout == "no refusals\n"


def test_events_are_shown_and_switched_off(simpost: Simpost) -> None:
    simpost("send", "a secret text", "--esim", ESIM)
    found = json.loads(simpost("events", "--limit", "100000", "--json").stdout)
    assert found[0]["type"] == "message.accepted"
    shown = simpost("events", "--limit", "1").stdout
    assert found[0]["subject"] in shown
    assert "a secret text" not in shown
    last = str(found[-1]["sequence"])
    behind = json.loads(simpost("events", "--after", last, "--json").stdout)
    assert all(each["sequence"] > int(last) for each in behind)
    assert simpost("accounts", "add", "quiet", "--no-events").returncode == 0
    off = simpost("accounts", "change", "demo", "--no-events")
    assert off.returncode == 0, off.stderr
    told = simpost("events")
    assert told.returncode == 1
    assert "simpost accounts change demo --events" in told.stderr
    assert simpost("accounts", "change", "demo", "--events").returncode == 0


def test_the_administrator_opens_a_message_and_a_conversation(simpost: Simpost) -> None:
    sent = json.loads(simpost("send", "for support", "--esim", ESIM, "--json").stdout)
    shown = simpost("messages", sent["id"], "--account", "demo")
    assert shown.returncode == 0, shown.stderr
    assert "text      for support" in shown.stdout
    listed = simpost("messages", "--account", "demo", "--esim", ESIM)
    assert sent["id"] in listed.stdout
    said = simpost("inbox", "--account", "demo", "--esim", ESIM)
    assert "for support" in said.stdout


def test_esims_are_imported_and_can_be_sent_to(simpost: Simpost, tmp_path: Path) -> None:
    file = tmp_path / "esims.json"
    file.write_text(esims("70000000000001", "70000000000002"))
    for counts in ("2 added, 0 changed, 0 unchanged", "0 added, 0 changed, 2 unchanged"):
        done = simpost("esims", "import", file, "--account", "demo")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"2 rows saved ({counts}), in ")
    assert simpost("send", "hi", "--esim", "70000000000002", "--wait").returncode == 0


def test_every_bad_row_is_reported_by_line_and_good_rows_are_saved(
    simpost: Simpost, tmp_path: Path
) -> None:
    file = tmp_path / "esims.csv"
    heading = "esimTranNo;iccid;smdpStatus;esimStatus;slug\n"
    file.write_text(
        f"\ufeff{heading}71000000000001;;ENABLED;IN_USE;TH_1_7\n;;ENABLED;IN_USE;TH_1_7\n"
        "71000000000003;12;ENABLED;IN_USE;TH_1_7\n23072017992035;;ENABLED;IN_USE;TH_1_7\n"
    )
    done = simpost("esims", "import", file, "--account", "demo", "--report", tmp_path / "bad")
    assert done.returncode == 1
    assert done.stdout.startswith("1 row saved (1 added, 0 changed, 0 unchanged), 3 bad, in ")
    told = [
        "3\tesimTranNo is missing",
        "4\ticcid must be 18 to 20 digits, not '12'",
        "5\tesimTranNo belongs to another account",
    ]
    assert (tmp_path / "bad").read_text().splitlines() == told
    assert done.stderr.splitlines() == [f"line {line}".replace("\t", ": ") for line in told]


def test_rows_before_a_syntax_error_are_saved(simpost: Simpost, tmp_path: Path) -> None:
    file = tmp_path / "esims.json"
    whole = esims("72000000000001", "72000000000002")
    file.write_text(whole[: whole.rindex("msisdn")])
    done = simpost("esims", "import", file, "--account", "demo")
    assert done.returncode == 1
    assert done.stdout.startswith("1 row saved (1 added, 0 changed, 0 unchanged), 1 bad, in ")
    assert "the file ends too early; nothing after it was read" in done.stderr
    assert simpost("send", "hi", "--esim", "72000000000001", "--dry-run").returncode == 0


def test_plans_are_imported_from_stdin(simpost: Simpost) -> None:
    rows = [{"packageCode": "P-1", "slug": "XX_1", "smsStatus": 1}, {"packageCode": "P-2"}]
    done = simpost("plans", "import", "-", stdin="\n".join(map(json.dumps, rows)))
    assert done.returncode == 1
    assert done.stderr == "line 2: packageCode is new, and smsStatus is missing\n"
    assert done.stdout.startswith("1 row saved (1 added, 0 changed, 0 unchanged), 1 bad, in ")


def test_a_partial_import_keeps_what_it_does_not_name(simpost: Simpost, tmp_path: Path) -> None:
    file = tmp_path / "esims.json"
    file.write_text(esims("73000000000001"))
    assert simpost("esims", "import", file, "--account", "demo").returncode == 0
    states = "esimTranNo,smdpStatus,esimStatus,msisdn\n73000000000001,DISABLED,IN_USE,\n"
    done = simpost("esims", "import", "-", "--account", "demo", stdin=states)
    assert done.stdout.startswith("1 row saved (0 added, 1 changed, 0 unchanged), in ")
    assert simpost("send", "hi", "--esim", "73000000000001", "--dry-run").returncode == 0
    done = simpost("esims", "import", "-", "--account", "demo", "--replace", stdin=states)
    assert "(0 added, 1 changed, 0 unchanged), 1 with an unknown plan" in done.stdout
    refused = simpost("send", "hi", "--esim", "73000000000001", "--dry-run")
    assert "its plan is not imported" in refused.stdout + refused.stderr


def test_an_import_for_an_unknown_account_saves_nothing(simpost: Simpost) -> None:
    done = simpost("esims", "import", "-", "--account", "nobody", stdin=esims("73"))
    assert done.returncode == 1
    assert done.stderr == (
        "simpost: There is no account with this access code. Nothing was saved.\n"
    )


def test_carriers_are_shown_paused_and_resumed(simpost: Simpost) -> None:
    shown = simpost("carriers")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("carrier ")
    assert "simulator  1 transceiver  ready" in shown.stdout
    assert "ready, paused" in simpost("carriers", "pause", "simulator").stdout
    waits = json.loads(simpost("send", "while paused", "--esim", ESIM, "--json").stdout)
    assert json.loads(simpost("carriers", "--json").stdout)[0]["queued"] == 1
    assert "paused" not in simpost("carriers", "resume", "simulator").stdout
    assert waits["state"] == "accepted"


def test_a_drained_carrier_is_unbound_until_it_is_resumed(simpost: Simpost) -> None:
    drained = json.loads(simpost("carriers", "drain", "simulator", "--json").stdout)
    assert (drained["paused"], drained["leased"]) == (True, 0)
    assert drained["state"] != "ready"
    simpost("carriers", "resume", "simulator")
    done = simpost("send", "after the drain", "--esim", ESIM, "--wait")
    assert done.stdout.splitlines()[-1].endswith("  delivered")


def test_an_unknown_carrier_is_an_error(simpost: Simpost) -> None:
    done = simpost("carriers", "pause", "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no carrier with this name." in done.stderr


def test_a_reload_shows_its_changes(simpost: Simpost) -> None:
    assert simpost("reload").stdout == "Nothing changed.\n"


def test_esims_are_listed_shown_retired_and_deleted(simpost: Simpost, tmp_path: Path) -> None:
    file = tmp_path / "esims.json"
    file.write_text(esims("74000000000001"))
    assert simpost("esims", "import", file, "--account", "demo").returncode == 0
    assert "74000000000001" in simpost("esims", "list", "74000000000001").stdout
    assert "account: demo" in simpost("esims", "show", "74000000000001").stdout
    assert simpost("esims", "retire", "74000000000001").stdout == "1 of 1 retired\n"
    assert "74000000000001" in simpost("esims", "list", "--retired").stdout
    assert simpost("send", "hi", "--esim", "74000000000001", "--dry-run").returncode != 0
    assert simpost("esims", "restore", "74000000000001").stdout == "1 of 1 restored\n"
    assert simpost("esims", "delete", "74000000000001").stdout == "74000000000001 deleted\n"
    assert simpost("esims", "list", "74000000000001").stdout == "none\n"
    assert "PKG-TH-01" in simpost("plans", "list").stdout
    assert "smsStatus: 1" in simpost("plans", "show", "PKG-TH-01").stdout
