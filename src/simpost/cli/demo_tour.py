"""The tour of the demo: a code, a welcome and a reply, each made by the requests that it prints.

It is a client of the running demo, in a thread of its own: the demo neither waits for it nor fails
with it. A tour in a folder that had one says what is not sent again.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from simpost.cli.demo_data import TOUR_ACCOUNT, TOUR_ESIM, TOUR_MSISDN
from simpost.errors import SimpostError

BEGINS: Final = "The tour: a code, a welcome and a reply"
ENDS: Final = "The tour is over."
STOPPED: Final = "The tour stopped: "
_TIMEOUT_S: Final = 30.0
_READY_S: Final = 60.0
_PAUSE_S: Final = 0.1
_TEMPLATE: Final = {
    "name": "arrival",
    "defaultLanguage": "en",
    "texts": {
        "en": "Welcome to {country}! To get online, switch on data roaming for this eSIM in the "
        "settings of your phone. Questions? Reply to this text."
    },
    "variables": {"country": {"type": "text", "longest": "United Arab Emirates"}},
}
_AUTOMATION: Final = {"trigger": "attached", "template": "arrival", "enabled": True}
_BEGIN: Final = """\
{begins}, sent now by the requests below.
Watch the handset: {handset}
A request can be repeated without harm. --no-tour leaves the tour out.
"""
_CODE: Final = """\
1. A code. A shop lets simpost send a code to the eSIM of its customer, and check what the
   customer typed. The shop never has the code.
"""
_WELCOME: Final = """\
2. A welcome. An automation sends a template when an eSIM attaches to a network for the first
   time. Your supplier reports that to simpost; here the tour does.
"""
_REPLY: Final = """\
3. A reply. The traveller answers, here on the handset of the demo. The text opens a
   conversation for your support.
"""
_END: Final = """\
{ends} Your turn: open the conversation, sign in as above, answer, and see the handset.
The tutorial goes on from here: docs/tutorial.md
"""


class _Call(NamedTuple):
    """A request of the tour. `shown` is its body as it is printed, if that differs."""

    url: str
    body: dict[str, Any] | None = None
    method: str = "POST"
    login: str = f"{TOUR_ACCOUNT}:{TOUR_ACCOUNT}-secret"
    shown: dict[str, Any] | None = None

    def curl(self) -> str:
        """The command that sends it."""
        words = ["curl"]
        if self.login:
            words.append(f"-u {self.login}")
        if self.method != "POST":
            words.append(f"-X {self.method}")
        body = json.dumps(self.shown or self.body)
        return f"   {' '.join(words)} {self.url} \\\n     --json '{body}'\n"

    def send(self) -> Any:
        """The JSON of the answer. Raises SimpostError if it is a refusal."""
        at = urlsplit(self.url)
        headers = {"Content-Type": "application/json"}
        if self.login:
            headers["Authorization"] = f"Basic {base64.b64encode(self.login.encode()).decode()}"
        connection = HTTPConnection(str(at.hostname), at.port, timeout=_TIMEOUT_S)
        try:
            body = None if self.body is None else json.dumps(self.body)
            path = f"{at.path}?{at.query}" if at.query else at.path
            connection.request(self.method, path, body, headers)
            response = connection.getresponse()
            octets = response.read()
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise SimpostError(f"{self.method} {self.url} was answered with {response.status}")
        return json.loads(octets)


class Tour:
    """One tour of a demo: `start` begins it."""

    def __init__(
        self, url: str, handsets_url: str, number: str, write: Callable[[str], None]
    ) -> None:
        self._url, self._handsets, self._number = url, handsets_url.rstrip("/"), number
        self._write = write

    def start(self) -> None:
        """Begin. The thread ends with the process."""
        threading.Thread(target=self._run, name="tour", daemon=True).start()

    def _run(self) -> None:
        try:
            self._wait_until_ready()
            handset = f"{self._handsets}/#handset/{TOUR_MSISDN}"
            self._write(_BEGIN.format(begins=BEGINS, handset=handset))
            self._send_code()
            self._send_welcome()
            self._reply()
            self._write(_END.format(ends=ENDS))
        except SimpostError as error:
            self._write(f"{STOPPED}{error}")
        except (OSError, HTTPException):
            return  # the demo is ending

    def _wait_until_ready(self) -> None:
        """Wait until a carrier is connected: before, a handset can send to nobody."""
        ends = time.monotonic() + _READY_S
        while True:
            try:
                self._get(f"{self._url}/readyz")
            except SimpostError:
                if time.monotonic() > ends:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    def _send_code(self) -> None:
        self._write(_CODE)
        body = {"esimTranNo": TOUR_ESIM, "purpose": "login", "sessionKey": "tour"}
        begun = self._show(_Call(f"{self._url}/v1/verifications", body))
        if begun["step"] == "keep":
            self._write("   A code was sent less than a minute ago: none is sent now.\n")
            return
        code = self._text("code")["code"]
        check = f"{self._url}/v1/verifications/{begun['id']}/check"
        self._write("   The handset shows the code. The shop passes on what the customer types:\n")
        checked = self._show(_Call(check, {"code": code}, shown={"code": "CODE"}))
        self._write(f"   verdict: {checked['verdict']}\n{self._message(begun['messageId'])}")

    def _send_welcome(self) -> None:
        self._write(_WELCOME)
        self._show(_Call(f"{self._url}/v1/templates", _TEMPLATE))
        self._show(_Call(f"{self._url}/v1/automations/arrival", _AUTOMATION, "PUT"))
        event = {"kind": "attached_first", "country": "TH"}
        reported = self._show(_Call(f"{self._url}/v1/esims/{TOUR_ESIM}/events", event))
        if "attached" in reported["transitions"]:
            self._write(f"   The handset shows: {self._text('welcome')['text']}")
        else:
            self._write("   This eSIM was welcomed before, and nobody is welcomed twice.")
        self._write(self._message(self._welcome_id()))

    def _welcome_id(self) -> str:
        """The id of the message, which the run of the automation has once it is committed."""
        ends = time.monotonic() + _TIMEOUT_S
        while True:
            [run] = self._get(f"{self._url}/v1/automations/arrival/runs?limit=1")["runs"]
            if run["messageId"]:
                return str(run["messageId"])
            if time.monotonic() > ends:
                raise SimpostError(f"the automation is still {run['state']}")
            time.sleep(_PAUSE_S)

    def _reply(self) -> None:
        self._write(_REPLY)
        text = {"to": self._number, "text": "It works now. How much data is left?"}
        self._show(_Call(f"{self._handsets}/handsets/{TOUR_MSISDN}/messages", text, login=""))
        url = f"{self._url}/v1/conversations?esimTranNo={TOUR_ESIM}&limit=1"
        [found] = self._get(url)["conversations"]
        page = f"{self._url}/console/conversations/{TOUR_ACCOUNT}/{found['id']}"
        self._write(f"   The conversation: {page}\n")

    def _show(self, call: _Call) -> Any:
        self._write(call.curl())
        return call.send()

    def _get(self, url: str) -> Any:
        return _Call(url, method="GET").send()

    def _text(self, words: str) -> Any:
        """The latest text of the handset with these words, once it is there."""
        found = f"{self._handsets}/handsets/{TOUR_MSISDN}/messages?latest=1&wait=20s&match={words}"
        return _Call(found, method="GET", login="").send()[0]

    def _message(self, message_id: str) -> str:
        return f"   The message: {self._url}/console/messages/{message_id}\n"
