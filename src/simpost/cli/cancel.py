"""`simpost cancel`: cancel a message that has not left."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_json, print_lines


def cancel(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The message to cancel.")],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a message that has not left."""
    server = account_server(url, config, access_code, secret, api_key)
    message = server.delete(f"/v1/messages/{quote(message_id, safe='')}")
    if as_json:
        print_json(message)
    else:
        print_lines([f"{message['id']}  {message['state']}"])
