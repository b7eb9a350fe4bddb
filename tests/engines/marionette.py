"""Selenium's commands in the words of Marionette, the automation server inside Firefox.

Debian has no geckodriver, which does the same: nearly every command exists on both sides.
"""

from __future__ import annotations

import itertools
import json
import socket
from typing import Any, Final

from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection

_COMMANDS: Final = {
    "get": "WebDriver:Navigate",
    "refresh": "WebDriver:Refresh",
    "goBack": "WebDriver:Back",
    "getCurrentUrl": "WebDriver:GetCurrentURL",
    "getTitle": "WebDriver:GetTitle",
    "getPageSource": "WebDriver:GetPageSource",
    "findElement": "WebDriver:FindElement",
    "findElements": "WebDriver:FindElements",
    "findChildElement": "WebDriver:FindElement",
    "findChildElements": "WebDriver:FindElements",
    "clickElement": "WebDriver:ElementClick",
    "clearElement": "WebDriver:ElementClear",
    "sendKeysToElement": "WebDriver:ElementSendKeys",
    "getElementText": "WebDriver:GetElementText",
    "getElementProperty": "WebDriver:GetElementProperty",
    "getElementTagName": "WebDriver:GetElementTagName",
    "w3cExecuteScript": "WebDriver:ExecuteScript",
    "w3cExecuteScriptAsync": "WebDriver:ExecuteAsyncScript",
    "actions": "WebDriver:PerformActions",
    "clearActionState": "WebDriver:ReleaseActions",
    "getCookies": "WebDriver:GetCookies",
    "deleteAllCookies": "WebDriver:DeleteAllCookies",
    "screenshot": "WebDriver:TakeScreenshot",
    "setTimeouts": "WebDriver:SetTimeouts",
    "setWindowRect": "WebDriver:SetWindowRect",
    "w3cAcceptAlert": "WebDriver:AcceptAlert",
    "newSession": "WebDriver:NewSession",
    "setContext": "Marionette:SetContext",
    "quit": "Marionette:Quit",
}
"""Of Selenium, and of Marionette."""


class Marionette(RemoteConnection):
    """A connection to one Firefox: each message is JSON behind its length and a colon."""

    def __init__(self, port: int, patience_s: float) -> None:
        super().__init__(client_config=ClientConfig("http://127.0.0.1"))
        self._socket = socket.create_connection(("127.0.0.1", port), patience_s)
        self._stream = self._socket.makefile("rb")
        self._numbers = itertools.count()
        self._read()  # its greeting

    def execute(self, command: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer, as a driver would have sent it."""
        given = {name: value for name, value in params.items() if name != "sessionId"}
        if command == "newSession":
            given = {"unhandledPromptBehavior": "ignore"}
        if command.startswith("findChild"):
            given["element"] = given.pop("id")
        if command == "screenshot":
            given["full"] = False
        number = next(self._numbers)
        message = json.dumps([0, number, _COMMANDS[command], given]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        answered = -1
        while answered != number:  # a test that was stopped has left its answer
            _, answered, error, found = self._read()
        if error:
            return {"status": 500, "value": json.dumps({"value": error})}
        is_wrapped = isinstance(found, dict) and found.keys() == {"value"}
        return {"value": found["value"] if is_wrapped else found}

    def close(self) -> None:
        """End the connection."""
        super().close()
        self._stream.close()
        self._socket.close()

    def _read(self) -> Any:
        digits = b""
        while (octet := self._stream.read(1)) != b":":
            assert octet, "Firefox has closed the connection"
            digits += octet
        return json.loads(self._stream.read(int(digits)))
