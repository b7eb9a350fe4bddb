"""`simpost automations`: save, list, show, preview, switch and delete automations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.client import RequestRefused, Server
from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages, read_values
from simpost.features.automations.samples import SAMPLES, AutomationSample

app = typer.Typer(no_args_is_help=True, help="Send messages when something happens to an eSIM.")

_PATH = "/v1/automations"
_FIELDS = ("trigger", "template", "category", "values", "delaySeconds", "notAfterSeconds")

Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Name of the automation.")]


@app.command("list")
def list_automations(
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List automations by name."""
    found = account_server(url, config, access_code, secret, api_key).get(_PATH)["automations"]
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["No automations."])
    else:
        heading = ("name", "on", "trigger", "template", "category")
        print_columns([heading, *(_row(each) for each in found)])


@app.command()
def init(
    brand: Annotated[str, typer.Option(help="Your name in the texts, up to 20 characters.")],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Install the sample templates and automations, switched off. Nothing is replaced."""
    server = account_server(url, config, access_code, secret, api_key)
    known = {each["name"] for each in server.get(_PATH)["automations"]}
    added = []
    for name, sample in SAMPLES.items():
        if name in known:
            continue
        _install_template(server, sample)
        body = {
            "trigger": sample.trigger,
            "template": sample.template["name"],
            "category": sample.category,
            "values": {"brand": brand},
            "delaySeconds": sample.delay_s,
            "enabled": False,
        }
        added.append(_put(server, name, body))
    if as_json:
        print_json(added)
    else:
        print_lines([f"{each['name']}  added, off" for each in added] or ["All samples are there."])


def _install_template(server: Server, sample: AutomationSample) -> None:
    """Save the template of a sample, unless there is one with its name."""
    path = "/v1/templates"
    try:
        server.get(f"{path}/{sample.template['name']}")
    except RequestRefused as refused:
        if refused.status != 404:
            raise
        server.post(path, sample.template)


@app.command()
def save(
    name: Name,
    trigger: Annotated[str, typer.Option(help="The transition, such as attached.")],
    template: Annotated[str, typer.Option(help="Name of the template.")],
    category: Annotated[str, typer.Option(help="Category of the message.")] = "service",
    value: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Value of a variable.")
    ] = None,
    delay: Annotated[int, typer.Option(min=0, metavar="SECONDS", help="Wait so long.")] = 0,
    not_after: Annotated[
        int, typer.Option(min=60, metavar="SECONDS", help="Send nothing after that.")
    ] = 21_600,
    on: Annotated[bool, typer.Option("--on", help="Switch it on.")] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Add or replace an automation. It is off without --on."""
    body = {
        "trigger": trigger,
        "template": template,
        "category": category,
        "values": read_values(value),
        "delaySeconds": delay,
        "notAfterSeconds": not_after,
        "enabled": on,
    }
    server = account_server(url, config, access_code, secret, api_key)
    _print(_put(server, name, body), as_json=as_json)


@app.command()
def show(
    name: Name,
    runs: Annotated[int, typer.Option(min=0, help="Largest number of runs to show.")] = 10,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show an automation, the counts of its runs, and the newest of them."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get(_place(name))
    newest = read_pages(server, f"{_place(name)}/runs", "runs", {}, runs) if runs else []
    if as_json:
        print_json({**found, "newestRuns": newest})
        return
    print_lines(_lines(found))
    if newest:
        heading = ("at (UTC)", "eSIM", "state", "message or reason")
        print_columns([heading, *(_run(each) for each in newest)])


@app.command("on")
def switch_on(
    name: Name,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Switch an automation on: transitions start it from then on."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(_switch(server, name, on=True), as_json=as_json)


@app.command("off")
def switch_off(
    name: Name,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Switch an automation off: runs that wait send nothing."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(_switch(server, name, on=False), as_json=as_json)


@app.command()
def preview(
    name: Name,
    days: Annotated[int, typer.Option(min=1, max=31, help="How many days back.")] = 7,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show what it would do with past transitions; nothing is sent."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.post(f"{_place(name)}/preview", {"days": days})
    if as_json:
        print_json(found)
    else:
        print_lines(_preview_lines(found))


@app.command()
def delete(
    name: Name,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Delete an automation; its runs stay."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.delete(_place(name))
    if as_json:
        print_json(found)
    else:
        print_lines([f"{found['name']}  deleted"])


def _switch(server: Server, name: str, *, on: bool) -> dict[str, Any]:
    found = server.get(_place(name))
    return _put(server, name, {**{each: found[each] for each in _FIELDS}, "enabled": on})


def _put(server: Server, name: str, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = server.put(_place(name), json.dumps(body).encode())
    return found


def _place(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='')}"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_lines(_lines(found))


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    state = "on" if found["enabled"] else "off"
    return found["name"], state, found["trigger"], found["template"], found["category"]


def _run(found: dict[str, Any]) -> tuple[str, ...]:
    reason = found["reason"]["explanation"] if found["reason"] else ""
    return found["at"], found["esimTranNo"], found["state"], found["messageId"] or reason or "-"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    runs = found["runs"]
    yield f"{found['name']}  {'on' if found['enabled'] else 'off'}"
    yield f"trigger    {found['trigger']}"
    yield f"template   {found['template']}"
    yield f"category   {found['category']}"
    for name, value in found["values"].items():
        yield f"value      {name}={value}"
    yield f"delay      {found['delaySeconds']} s"
    yield f"not after  {found['notAfterSeconds']} s"
    yield (
        f"runs       {runs['accepted']} accepted, {runs['refused']} refused, "
        f"{runs['tooLate']} too late, {runs['switchedOff']} switched off, "
        f"{runs['cancelled']} cancelled, "
        f"{runs['waiting']} waiting"
    )


def _preview_lines(found: dict[str, Any]) -> Iterator[str]:
    more = ", the first of more" if found["isCut"] else ""
    yield f"transitions  {found['transitions']}{more}"
    yield f"would send   {found['sends']}"
    yield f"would hold   {found['holds']}"
    for each in found["refusals"]:
        yield f"would refuse {each['count']}: {each['reason']['explanation']}"
    for each in found["samples"]:
        yield f"{each['at']}  {each['esimTranNo']}  {each['text']}"
