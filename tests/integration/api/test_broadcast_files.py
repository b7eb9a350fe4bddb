"""/v1/broadcast-files: every row is answered, and each eSIM gets the text with its own values."""

import io

import pytest
import xlsxwriter

from simpost.catalogue.normalization import parse_esim
from tests.integration.api.conftest import GOOD, NOW_MS, esim
from tests.integration.api.test_broadcasts import MORE, begin, post, sent, shown, tick

from .test_broadcasts import clock, many, settings, template  # noqa: F401  fixtures


def workbook(*rows):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell)
    return file.getvalue()


ROWS = (
    ("esimTranNo", "Day of works", "note"),
    (MORE[0], "Tuesday", "x"),
    (MORE[1], "", ""),
    (MORE[0], "Friday", ""),
    ("nobody", "Friday", ""),
)
CSV = "\n".join(",".join(row) for row in ROWS).encode()
PATH = "broadcast-files?map=Day%20of%20works%3Dday&name=trips"


async def upload(service, octets=CSV, query=""):
    return await service.native("POST", f"{PATH}{query}", content=octets)


@pytest.mark.parametrize("octets", [CSV, workbook(*ROWS)], ids=["csv", "xlsx"])
async def test_a_file_is_an_audience_with_values(service, many, clock, octets):  # noqa: F811
    answer = await upload(service, octets)
    assert answer.status_code == 201, answer.text
    read = answer.json()
    assert (read["name"], read["rows"], read["good"], read["refused"]) == ("trips", 4, 2, 2)
    assert read["columns"] == {
        "esimTranNo": "esimTranNo",
        "Day of works": "day",
        "note": "note",
    }
    assert read["preview"][0] == {
        "line": 2,
        "esimTranNo": MORE[0],
        "values": {"day": "Tuesday", "note": "x"},
        "reason": None,
    }
    reasons = {4: "line 2 names the same eSIM", 5: "the account has no such eSIM"}
    assert {each["line"]: each["reason"] for each in read["refusedRows"]} == reasons
    path = f"broadcast-files/{read['id']}/rows?refused=true"
    page = (await service.native("GET", f"{path}&limit=1")).json()
    rest = (await service.native("GET", f"{path}&after={page['next']}")).json()
    assert page["rows"] + rest["rows"] == read["refusedRows"]
    assert rest["next"] is None

    preview = (await post(service, audience={"file": read["id"]}, dryRun=True)).json()
    assert {each["text"] for each in preview["samples"]} == {"Works on Tuesday"}
    assert preview["total"] == 2
    begun = await begin(service, audience={"file": read["id"]})
    assert begun["audience"]["file"] == read["id"]
    await tick(service, clock, 3)
    found = await shown(service, begun)
    assert (found["status"], found["counts"]["accepted"]) == ("finished", 2)
    assert await sent(service) == ["Works on Monday", "Works on Tuesday"]


async def test_a_row_that_names_two_esims_is_refused(service, many):  # noqa: F811
    iccids = "8985200000000000010", "8985200000000000028"
    esims = [parse_esim(esim(MORE[place], iccid=iccids[place]), NOW_MS) for place in (0, 1)]
    await service.store.catalogue.save_esims(1, esims)
    rows = f"esimTranNo,iccid\n{MORE[0]},{iccids[0]}F\n{MORE[1]},{iccids[0]}\n"
    answer = await service.native("POST", "broadcast-files", content=rows.encode())
    read = answer.json()
    assert [row["esimTranNo"] for row in read["preview"]] == [MORE[0], None]
    assert read["preview"][1]["reason"] == "esimTranNo and iccid name different eSIMs"


async def test_a_number_of_a_template_may_be_text(service, many):  # noqa: F811
    left = {"name": "left", "defaultLanguage": "en"}
    left |= {"variables": {"days": {"type": "number", "longest": 365}}}
    left |= {"texts": {"en": "{days, plural, one {# day} other {# days}} left"}}
    assert (await service.native("POST", "templates", json=left)).status_code == 201
    rows = f"esimTranNo,days\n{MORE[0]},1\n{MORE[1]},\n{MORE[2]},soon\n"
    answer = await service.native("POST", "broadcast-files", content=rows.encode())
    wanted = {"template": "left", "values": {"days": "1.5"}, "dryRun": True}
    for audience, text, sends in (
        ({"file": answer.json()["id"]}, "1 day left", 2),
        ({"esims": MORE[1:2]}, "1.5 days left", 1),
    ):
        found = (await post(service, **wanted, audience=audience)).json()
        assert (found["samples"][0]["text"], found["sends"]) == (text, sends)


async def test_a_dry_run_stores_nothing(service, many):  # noqa: F811
    read = (await upload(service, query="&dryRun=true")).json()
    assert (read["id"], read["good"]) == (None, 2)


@pytest.mark.parametrize(
    ("octets", "query", "words"),
    [
        (b"", "", "The file is empty."),
        (b"phone\n1\n", "", "has no 'Day of works'"),
        (CSV, "&map=x", "map: must be HEADING=FIELD."),
        (CSV, "&map=note%3Dno%20name", "no name of a variable"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(service, octets, query, words):
    answer = await upload(service, octets, query)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


async def test_a_file_may_be_larger_than_other_bodies(service):
    rows = b"esimTranNo\n" + b"".join(b"%d\n" % number for number in range(20_000))
    read = (await service.native("POST", "broadcast-files?dryRun=true", content=rows)).json()
    assert (read["rows"], read["refused"], len(read["refusedRows"])) == (20_000, 20_000, 1_000)
    answer = await service.native("POST", "broadcast-files", content=b"x" * (9 * 1_048_576))
    assert answer.status_code == 413


async def test_a_file_of_another_account_is_unknown(service, template):  # noqa: F811
    for file in ("00000000-0000-7000-8000-000000000000", "not an id"):
        answer = await post(service, audience={"file": file})
        assert answer.status_code == 422
    answer = await post(service, audience={"file": "0" * 36, "esims": [GOOD]})
    assert answer.status_code == 422


async def test_files_are_listed_and_deleted(service, many):  # noqa: F811
    read = (await upload(service)).json()
    [listed] = (await service.native("GET", "broadcast-files")).json()["files"]
    assert (listed["id"], listed["keptUntil"]) == (read["id"], read["keptUntil"])
    assert (listed["rows"], listed["refused"], listed["complete"]) == (4, 2, True)
    begun = await begin(service, audience={"file": read["id"]})
    used = await service.native("DELETE", f"broadcast-files/{read['id']}")
    assert (used.status_code, used.json()["code"]) == (409, "file_in_use")
    await service.native("POST", f"broadcasts/{begun['id']}/cancel", json={})
    deleted = await service.native("DELETE", f"broadcast-files/{read['id']}")
    assert (deleted.status_code, deleted.json()) == (200, {"id": read["id"]})
    for path in (f"broadcast-files/{read['id']}", "broadcast-files/none"):
        assert (await service.native("DELETE", path)).status_code == 404
    assert (await service.native("GET", "broadcast-files")).json() == {"files": []}
