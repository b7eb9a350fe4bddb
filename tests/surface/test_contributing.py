"""CONTRIBUTING.md lists the files that a change really touches."""

import re
from pathlib import Path

PAGE = Path("CONTRIBUTING.md").read_text("utf-8")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def listed(heading):
    """The files in the table of a section, and their number as the text gives it."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    (count,) = re.findall(r"needs? these (\w+) files", section)
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE), NUMBERS.index(count)


def test_the_files_of_a_new_carrier_are_those_of_the_http_carrier():
    files, count = listed("How to add a carrier")
    assert len(files) == count
    names = {file.replace("/new", "/http") for file in files}
    assert [name for name in names if not Path(name).exists()] == []
    about = [
        str(path)
        for path in Path("src").rglob("*.py")
        if re.search("HttpCarrier|HttpUpstreamSettings", path.read_text("utf-8"))
    ]
    ours = [name for name in names if name.startswith("src/")]
    own = {path for path in about if re.search(r"/http/|config/http_|config/.*_carrier\.py", path)}
    assert set(about) - own == set(ours) - own


def test_the_files_of_a_new_upstream_api_are_those_of_esim_access():
    files, count = listed("How to add an upstream API")
    assert len(files) == count
    names = {file.replace("supplier", "esim_access") for file in files}
    assert [name for name in names if not Path(name).exists()] == []
    about = [
        str(path)
        for path in Path("src").rglob("*.py")
        if "EsimAccessCarrierSettings" in path.read_text("utf-8")
    ]
    assert set(about) == {name for name in names if name.startswith("src/")}


def test_the_files_of_a_new_table_are_those_of_the_parts_of_smpp_clients():
    files, count = listed("How to add a table")
    assert len(files) == count <= 8
    names = {
        file.replace("NNNN_notes", "*_smpp_parts").replace("notes", "smpp_parts") for file in files
    }
    assert [name for name in names if not list(Path().glob(name))] == []
    rooms = (Path("src/simpost/ports"), Path("src/simpost/store"), Path("tests/contract"))
    about = [
        path.name
        for room in rooms
        for path in room.rglob("*.*")
        if path.suffix in {".py", ".sql"}
        and re.search(
            "SmppPartStore|StoredSmppParts|TABLE smpp_parts|add_smpp_part", path.read_text()
        )
    ]
    assert len(about) == count
