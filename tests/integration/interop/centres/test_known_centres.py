"""Our carrier with the settings of docs/known-centres.md, at real message centres."""

import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest

from simpost import text
from simpost.carriers.smpp import SmppCarrier
from simpost.domain.options import Options
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.states import State
from simpost.smpp import (
    BindTransceiver,
    BindTransceiverResp,
    EnquireLink,
    EnquireLinkResp,
    SubmitSm,
    SubmitSmResp,
    decode,
    encode,
)
from tests.integration.carriers.centre import part, send, settings, started
from tests.integration.interop.centres.page import settings_of

HERE = Path(__file__).parent
WORDS = "Hello [you] @ home"


@asynccontextmanager
async def bound(port, centre, **changed):
    """A carrier with the settings of the page, and its lane."""
    carrier = SmppCarrier(settings(port, **(settings_of(centre) | changed)))
    async with started(carrier) as lane:
        await lane.until_bound(carrier)
        yield carrier, lane


def flash(words="flash", **changed):
    return msgspec.structs.replace(part(words, **changed), options=Options(message_class=0))


async def test_smppy_reads_our_texts_and_answers_without_an_id(program, smppy):
    centre = await program(sys.executable, HERE / "smppy_centre.py", PYTHONPATH=smppy)
    port = int((await centre.line("port")).split()[1])
    async with bound(port, "smppy") as (carrier, _):
        slices = [
            part(WORDS, encoding="ascii"),
            part("Ωραία 🏖", encoding="ucs2"),
            part("x" * 134, encoding="ascii", number=1, total=2, reference=7),
            part("y", encoding="ascii", number=2, total=2, reference=7),
        ]
        for slice_ in slices:
            outcome = await send(carrier, slice_)
            assert (outcome.kind, outcome.carrier_message_id) == (OutcomeKind.ACCEPTED, "")
            assert json.loads(await centre.line("text")) == ["text", slice_.text]
        assert not carrier.capabilities.class_alphabets
        assert not carrier.capabilities.binary


async def test_smppy_never_answers_submits_that_the_settings_avoid(program, smppy):
    centre = await program(sys.executable, HERE / "smppy_centre.py", PYTHONPATH=smppy)
    port = int((await centre.line("port")).split()[1])
    changed = {"message_class": "general", "response_timeout_s": 1}
    async with bound(port, "smppy", **changed) as (carrier, _):
        outcome = await send(carrier, flash(encoding="ucs2"))
        assert outcome.kind is OutcomeKind.IN_DOUBT
        await centre.line("NotImplementedError")


async def test_smppy_reads_the_first_of_two(program, smppy):
    centre = await program(sys.executable, HERE / "smppy_centre.py", PYTHONPATH=smppy)
    port = int((await centre.line("port")).split()[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def answered():
        size = await reader.readexactly(4)
        pdu = decode(size + await reader.readexactly(int.from_bytes(size) - 4))
        return type(pdu), pdu.sequence_number

    writer.write(encode(BindTransceiver(password="secret", sequence_number=1)))
    assert await answered() == (BindTransceiverResp, 1)
    first, second = (SubmitSm(short_message=b"hi", sequence_number=each) for each in (2, 3))
    writer.write(encode(first) + encode(second))
    assert await answered() == (SubmitSmResp, 2)
    writer.write(encode(EnquireLink(sequence_number=4)))
    assert await answered() == (EnquireLinkResp, 4)
    writer.close()


@pytest.fixture
def net_smpp(debian):
    """Arguments of a Perl that finds Net::SMPP, and its examples."""
    if shutil.which("perl") is None:
        pytest.skip("perl is not installed: no test against Net::SMPP.")
    return ("perl", "-I", debian / "usr/share/perl5")


async def test_net_smpp_sends_a_receipt_for_a_text(program, net_smpp):
    centre = await program(*net_smpp, HERE / "net_smpp_centre.pl")
    port = int((await centre.line("port")).split()[1])
    async with bound(port, "Net::SMPP") as (carrier, lane):
        for number, words in enumerate((WORDS, "and more"), 1):
            slice_ = part(words, number=number, total=2, reference=7)
            outcome = await send(carrier, slice_)
            assert outcome.carrier_message_id == f"net-{number}"
            octets = text.part_header(text.GSM7, reference=7, total=2, number=number, bits=8)
            octets += text.encode(words, text.GSM7)
            assert await centre.line("text") == f"text {octets.hex()} 0"
            receipt, committed = await lane.receipts.get()
            assert (receipt.carrier_message_id, receipt.state) == (f"net-{number}", State.DELIVERED)
            committed()


async def test_the_example_of_net_smpp_gives_every_text_the_same_id(
    program, net_smpp, debian, free_port, tmp_path
):
    source = (debian / "usr/share/doc/libnet-smpp-perl/examples/smsc.pl").read_text()
    example = tmp_path / "smsc.pl"
    example.write_text(source.replace("$port = 9900", f"$port = {free_port}"))
    centre = await program(*net_smpp, example)
    await centre.line("Entering accept loop")
    async with bound(free_port, "Net::SMPP", receipts="off") as (carrier, _):
        for _ in range(2):
            assert (await send(carrier, part())).carrier_message_id == "123456789"


def kernel_has_sctp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


@pytest.fixture
def osmo_environment(debian, tmp_path):
    """What osmo-msc needs to start here."""
    if not (debian / "usr/bin/osmo-msc").exists():
        pytest.skip("osmo-msc is installed on this machine and may be in use: no test against it.")
    [libraries] = {path.parent for path in debian.rglob("libosmovty.so*")}
    environment = {"LD_LIBRARY_PATH": libraries}
    if not kernel_has_sctp():
        if shutil.which("cc") is None:
            pytest.skip("Neither SCTP in the kernel nor a C compiler: osmo-msc cannot start.")
        shim = environment["LD_PRELOAD"] = tmp_path / "tcp_for_sctp.so"
        source = HERE / "tcp_for_sctp.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    return environment


@pytest.fixture
async def osmo_msc(program, debian, osmo_environment, free_port, tmp_path):
    """Its port, and what it keeps of each text: data coding, header or not, octets, validity."""
    # Its other ports are fixed: an address of its own for each process that runs tests.
    address = f"127.77.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
    (tmp_path / "osmo-msc.cfg").write_text(
        "log stderr\n logging filter all 1\n logging color 0\n"
        f"line vty\n bind {address}\nctrl\n bind {address}\nsgs\n local-ip {address}\n"
        "network\n network country code 901\n mobile network code 70\n"
        "smsc\n database sms.db\nmsc\n"
        f"smpp\n local-tcp-ip 127.0.0.1 {free_port}\n policy closed\n"
        " esme esme\n  password secret\n"
    )
    centre = await program(debian / "usr/bin/osmo-msc", "-c", "osmo-msc.cfg", **osmo_environment)
    await centre.line("Iu-interface")

    def kept():
        with closing(sqlite3.connect(tmp_path / "sms.db")) as database:
            return database.execute(
                "SELECT data_coding_scheme, ud_hdr_ind, user_data, "
                "unixepoch(valid_until) - unixepoch(created) FROM SMS ORDER BY id"
            ).fetchall()

    return free_port, kept


def packed(septets, pad_bits):
    """Octets of septets behind a header (TS 23.040 9.2.3.24), by arithmetic."""
    bits = sum(septet << (7 * at + pad_bits) for at, septet in enumerate(septets))
    return bits.to_bytes((len(septets) * 7 + pad_bits + 7) // 8, "little")


async def test_osmo_msc_takes_texts_and_classes_as_the_page_says(osmo_msc):
    port, kept = osmo_msc
    header = bytes((5, 0, 3, 7, 2, 1))
    words = "in two parts"
    async with bound(port, "OsmoMSC", bind="transmitter_receiver") as (carrier, _):
        for slice_ in (
            part(words, number=1, total=2, reference=7),
            flash(),
            part("Ωραία", encoding="ucs2"),
        ):
            outcome = await send(carrier, slice_)
            assert outcome.kind is OutcomeKind.ACCEPTED
            assert outcome.carrier_message_id == "msg_id_not_implemented"
        refused = await send(carrier, flash("Ωραία", encoding="ucs2"))
        assert refused.carrier_code == "0x000000FF"
    (coding, headed, octets, valid_s), (flash_coding, *_), (ucs2_coding, _, greek, _) = kept()
    assert (coding, headed) == (0, 1)
    assert octets.startswith(header + packed(words.encode(), 1))
    assert valid_s == pytest.approx(3600, abs=60)
    assert flash_coding == 0, "the class is lost"
    assert (ucs2_coding, greek) == (8, "Ωραία".encode("utf-16-be"))


async def test_osmo_msc_refuses_what_general_says_and_shifts_longer_headers(osmo_msc):
    port, kept = osmo_msc
    async with bound(port, "OsmoMSC", message_class="general", reference_bits=16) as (carrier, _):
        assert (await send(carrier, flash())).carrier_code == "0x000000FF"
        await send(carrier, part("shifted", number=1, total=2, reference=7))
    [(_, _, octets, _)] = kept()
    assert octets.startswith(bytes((6, 8, 4, 0, 7, 2, 1)) + packed(b"shifted", 7))
