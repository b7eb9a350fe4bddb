"""`simpost sync` and `simpost sources`: pull catalogues of suppliers, and show their copies."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from simpost.cli.client import Server
from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.errors import ConfigError, SimpostError

_PATH: Final = "/v1/admin/sources"
_LOOK_S: Final = 0.3


class PullFailed(SimpostError):
    """The pull failed; the text says why."""


def sync(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The source; not needed if there is one.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Only eSIMs of new orders, not everything.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Save without a question.")] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Copy plans and eSIMs of a supplier.

    Before the first copy, and with --dry-run, the differences are shown; --yes skips the question.
    """
    server = admin_server(url, config, admin_token)
    source = _find(server, name)
    path = f"{_PATH}/{quote(source['name'], safe='')}"
    is_first = source["copiedAt"] is None
    if dry_run or (is_first and not yes):
        compared = _pull(server, path, {"dryRun": True, "full": not new})
        if dry_run:
            _show(compared, as_json=as_json)
            return
        _show(compared, as_json=False)
        if not sys.stdin.isatty():
            raise ConfigError("this is the first copy of the source: repeat with --yes.")
        typer.confirm("Save this, and pull again by the clock from now on?", abort=True)
    _show(_pull(server, path, {"full": not new}), as_json=as_json)


def sources(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show the suppliers whose catalogues are copied, and how old the copies are."""
    found = admin_server(url, config, admin_token).get(_PATH)["sources"]
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_rows(found)))
    else:
        print("no sources in the configuration")


def _find(server: Server, name: str | None) -> dict[str, Any]:
    found = server.get(_PATH)["sources"]
    matching = [each for each in found if name in (None, each["name"])]
    if len(matching) == 1:
        one: dict[str, Any] = matching[0]
        return one
    names = ", ".join(each["name"] for each in found)
    if not names:
        raise ConfigError("the configuration has no [[sources]].")
    raise ConfigError(f"name one of the sources: {names}.")


def _pull(server: Server, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Begin a pull and wait for its end. Raises PullFailed."""
    source = server.post(f"{path}/pull", wanted)
    while source["lastPull"]["state"] == "running":
        time.sleep(_LOOK_S)
        source = server.get(path)
    pull: dict[str, Any] = source["lastPull"]
    if pull["state"] == "lost":
        raise PullFailed("the node that pulled has stopped: pull again.")
    if pull["problem"]:
        raise PullFailed(pull["problem"])
    return pull


def _show(pull: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(pull)
    else:
        print_lines(_lines(pull))


def _lines(pull: dict[str, Any]) -> Iterator[str]:
    report = pull["report"]
    yield "nothing was saved; a copy would change:" if pull["dryRun"] else "copied:"
    for name in ("plans", "esims"):
        counts = report[name]
        words = ", ".join(f"{counts[word]} {word}" for word in counts)
        yield f"  {name:6} {words}"
    for row in report["refusedRows"]:
        yield f"  refused {row['key']}: {row['reason']}"
    if report["missing"]:
        yield f"  missing {report['missing']}: the supplier lists these eSIMs no more"
        yield f"          {', '.join(report['missingEsims'])}"
    if report["retired"]:
        yield f"  retired {report['retired']}"


def _rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["source", "account", "copied (UTC)", "age", "last pull", "problem"]
    for each in found:
        pull = each["lastPull"]
        age = "never" if each["ageSeconds"] is None else f"{each['ageSeconds']} s"
        yield [
            each["name"],
            each["account"],
            (each["copiedAt"] or "")[:19].replace("T", " "),
            f"{age}, stale" if each["stale"] else age,
            pull["state"] if pull else "",
            (pull and pull["problem"]) or "",
        ]
