"""`simpost mcp` without the packages of its extra."""

import sys

import pytest

from simpost.cli import main

KEY = "sp_live_0000000000_" + "0" * 49


def test_a_missing_extra_is_one_sentence(monkeypatch, capsys):
    for name in list(sys.modules):
        if name.partition(".")[0] == "mcp" or name.startswith("simpost.mcp"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SystemExit) as ended:
        main(["mcp", "--api-key", KEY])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "simpost: simpost mcp needs more packages: pip install 'simpost[mcp]'\n"
    )


def test_the_help_needs_no_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SystemExit) as ended:
        main(["mcp", "--help"])
    assert ended.value.code == 0
    assert "--allow-origin" in capsys.readouterr().out
