"""Files with the eSIMs of a broadcast: every row is answered before anything is sent."""

import io
import re
from html import unescape

import pytest
import xlsxwriter

from simpost.console.broadcasts.file_pages import FORM_OCTETS
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from tests.integration.api.conftest import GOOD
from tests.integration.console.conftest import BOTH_STORES, OWN, signed_in, text_of
from tests.integration.console.test_console_pages import HOSTILE

pytestmark = BOTH_STORES
VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
FILES = "/console/broadcasts/demo/files"
SECOND = "26010100000006"
ROWS = (
    ("esimTranNo", "Day of works", "note!"),
    (GOOD, "Tuesday", "x"),
    (SECOND, "Friday", ""),
    (GOOD, "Friday", ""),
    ("nobody", "Friday", ""),
)
CSV = "\n".join(",".join(row) for row in ROWS).encode()


def workbook(*rows):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return file.getvalue()


@pytest.fixture
async def sender(browser):
    return await signed_in(browser, SENDER, name="ann")


async def keep(sender):
    """The fields of the form that keeps a file, once."""
    page = await sender.get(FILES)
    return {"keep": "1", "act": re.search(r'name="act" value="([^"]+)"', page.text)[1]}


@pytest.mark.parametrize("octets", [CSV, workbook(*ROWS)], ids=["csv", "xlsx"])
async def test_a_check_answers_every_row_and_stores_nothing(sender, store, octets):
    answer = await sender.post_file(
        FILES, octets, "trips.csv", check="1", map="Day of works=day\r\n"
    )
    assert answer.status_code == 200, text_of(answer)
    shown = text_of(answer)
    assert "2 eSIMs of 4 rows. 2 rows are refused. Nothing was stored" in shown
    assert "line 2 names the same eSIM" in shown
    assert "the account has no such eSIM" in shown
    assert "Day of works value of day" in shown
    assert "note! not used" in shown
    assert "day: Tuesday" in shown
    assert await store.broadcast_files.list_files(1) == []


async def test_a_file_that_is_sent_twice_is_kept_once(sender, store):
    fields = await keep(sender) | {"map": "Day of works=day"}
    first = await sender.post_file(FILES, CSV, **fields)
    assert "The file is kept." in text_of(first)
    second = await sender.post_file(FILES, CSV, **fields)
    [file] = await store.broadcast_files.list_files(1)
    assert second.headers["location"] == f"{FILES}/{format_id(file.file.id)}"
    acts = await store.console.list_audit(None, before=None, limit=9)
    assert [(each.action, each.target) for each in acts] == [
        ("broadcast_file.add", format_id(file.file.id))
    ]
    form = await sender.get(f"{FILES.removesuffix('/files')}/new?file={format_id(file.file.id)}")
    assert form.status_code == 200


async def test_values_of_a_kept_file_are_hidden(sender, open_browser, store):
    fields = await keep(sender) | {"map": "Day of works=day"}
    await sender.post_file(FILES, CSV, "trips.csv", **fields)
    [file] = await store.broadcast_files.list_files(1)
    path = f"{FILES}/{format_id(file.file.id)}"
    viewer = await signed_in(open_browser(), VIEWER, 1)
    hidden = await viewer.get(path)
    assert "day: (hidden: 7 characters)" in text_of(hidden)
    assert "Tuesday" not in hidden.text
    assert "/reveal" not in hidden.text
    refused = text_of(await viewer.get(f"{path}?refused=true"))
    assert "line 2 names the same eSIM" in refused
    assert "ok" not in refused.split("Answer")[1]
    support = await signed_in(open_browser(), SUPPORT, 1)
    revealed = await support.post(f"{path}/reveal?refused=false&limit=1")
    assert "day: Tuesday" in text_of(revealed)
    assert "Friday" not in revealed.text
    [act, _] = await store.console.list_audit(None, before=None, limit=9)
    assert (act.action, act.target) == ("broadcast_file.reveal", format_id(file.file.id))


async def test_a_file_is_deleted_unless_a_broadcast_uses_it(sender, store):
    await sender.post_file(FILES, CSV, **await keep(sender))
    [file] = await store.broadcast_files.list_files(1)
    path = f"{FILES}/{format_id(file.file.id)}"
    auth = ("demo", "demo-secret")
    template = {"name": "hi", "texts": {"en": "Hi"}, "defaultLanguage": "en"}
    await sender.client.post("/v1/templates", json=template, auth=auth)
    body = {"name": "x", "template": "hi", "audience": {"file": format_id(file.file.id)}}
    begun = await sender.client.post("/v1/broadcasts", json=body, auth=auth)
    assert begun.status_code == 201, begun.text
    refused = await sender.post(f"{path}/delete")
    assert refused.status_code == 409
    assert "A broadcast that is not over uses the file" in text_of(refused)
    await sender.client.post(f"/v1/broadcasts/{begun.json()['id']}/cancel", json={}, auth=auth)
    assert (await sender.post(f"{path}/delete")).headers["location"] == FILES
    assert await store.broadcast_files.list_files(1) == []


@pytest.mark.parametrize(
    ("octets", "fields", "words"),
    [
        (b"", {}, "choose a file"),
        (b"a,b\n1,2\n", {}, "No column is esimTranNo or iccid"),
        (b"\xff\xfe1\x00", {}, "The file is UTF-16"),
        (b"esimTranNo\n1\n", {"map": "esimTranNo"}, "each line must be HEADING=FIELD"),
        (b"esimTranNo\n1\n", {"map": "other=day"}, "The heading has no"),
        (b"PK\x03\x04 no workbook", {}, "workbook"),
    ],
    ids=["empty", "nothing-named", "utf-16", "no-field", "no-heading", "damaged"],
)
async def test_a_file_that_cannot_be_read_says_why(sender, store, octets, fields, words):
    answer = await sender.post_file(FILES, octets, **await keep(sender) | fields)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert await store.broadcast_files.list_files(1) == []


async def test_a_file_that_is_too_large_is_refused(sender):
    answer = await sender.post_file(FILES, b"x" * (FORM_OCTETS + 1))
    assert answer.status_code == 413


async def test_a_file_needs_the_token_and_a_page_of_ours(sender):
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (
        b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nwrong\r\n--b--\r\n',
        b"--b--\r\n",
        b"",
        b"nothing",
        b"--b\r\nno head\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' * 50,
    ):
        headers = boundary | OWN | sender.cookies()
        answer = await sender.client.post(FILES, content=body, headers=headers)
        assert answer.status_code == 400
    for kind in ("text/csv", "multipart/form-data", "application/x-www-form-urlencoded"):
        headers = {"Content-Type": kind} | OWN | sender.cookies()
        answer = await sender.client.post(FILES, content=b"token=1", headers=headers)
        assert answer.status_code == 400


async def test_hostile_cells_and_names_are_shown_as_text(sender, store):
    rows = ["esimTranNo;<b>Bad</b>;day"]
    rows += ['"' + text.replace('"', '""') + '";x;y' for text in HOSTILE]
    rows.append(f"{GOOD};x;" + '"<img src=x onerror=alert(1)>"')
    octets = "\n".join(rows).encode()
    name = "<svg onload=alert(1)>.csv"
    for answer in (
        await sender.post_file(FILES, octets, name, **await keep(sender)),
        await sender.get(FILES),
    ):
        assert answer.status_code == 200, text_of(answer)
        for tag in ("<script>alert", "<img", "<svg onload", "<b>Bad", "<style", "<a hx"):
            assert tag not in answer.text
        assert name in unescape(answer.text)
    [file] = await store.broadcast_files.list_files(1)
    revealed = await sender.post(f"{FILES}/{format_id(file.file.id)}/reveal")
    assert "<img" not in revealed.text
    assert "<img src=x onerror=alert(1)>" in unescape(revealed.text)
