"""Kannel, the C gateway, as Debian packages it: bearerbox and smsbox.

Both run as the user that runs the benchmark, from a folder of their own; nothing of the system's
own Kannel is touched. Receipts are reported to an HTTP listener, as one who asks for them has them
reported; a plain answerer in a process that is not counted takes them.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from bench.answerer import Answerer
from bench.gateways import Terms
from bench.peers.debian import environment, unpack
from bench.processes import HOST, Child, free_ports, listens
from bench.sink import Sink
from bench.texts import SENDER, text

_DELIVERED_OR_NOT = 3
_LOGIN = ("bench", "bench123")
_UNPACKED = Path(sys.prefix) / "peers" / "kannel"
_CONFIG = Path(__file__).with_suffix(".conf")


@cache
def missing() -> str | None:
    """Why Kannel cannot be measured here, in one sentence; none when it can.

    Where it is not installed it is unpacked for the benchmark alone, the first time.
    """
    if _runs("bearerbox") and _runs("smsbox"):
        return None
    print("Kannel is not installed; its Debian package is fetched for this benchmark ...")
    why = unpack("kannel", _UNPACKED)
    if why is None and not _runs("bearerbox"):
        why = "what was fetched does not run here"
    return f"Kannel is left out: {why}; apt install kannel helps." if why else None


class KannelBoxes:
    """bearerbox and smsbox in a folder of their own, bound to one SMSC.

    `core_lines` and `smsc_lines` are more lines of these groups; `service` says what is done with
    texts from handsets.
    """

    def __init__(
        self,
        folder: Path,
        *,
        smsc_port: int,
        login: tuple[str, str] = _LOGIN,
        window: int = 10,
        core_lines: str = "",
        smsc_lines: str = "",
        service: str = 'text = ""',
    ) -> None:
        folder.mkdir()
        self._folder = folder
        self._password = secrets.token_hex(8)
        admin_port, self._box_port, self.http_port = free_ports(3)
        self._config = folder / "kannel.conf"
        self._config.write_text(
            _CONFIG.read_text().format(
                admin_port=admin_port,
                box_port=self._box_port,
                http_port=self.http_port,
                smsc_port=smsc_port,
                system_id=login[0],
                smsc_password=login[1],
                core_lines=core_lines,
                smsc_lines=smsc_lines,
                service=service,
                window=window,
                folder=folder,
                password=self._password,
            )
        )
        self._spent = 0.0
        self.start()

    @property
    def cpu_seconds(self) -> float:
        return self._spent + self._bearerbox.cpu_seconds + self._smsbox.cpu_seconds

    @property
    def peak_mib(self) -> float:
        return self._bearerbox.peak_mib + self._smsbox.peak_mib

    def path(self, sender: str, to: str, text: str, **more: str) -> str:
        """Path and query of a request that sends a text."""
        asked = {"username": "bench", "password": self._password, "from": sender, "to": to}
        return f"/cgi-bin/sendsms?{urlencode({**asked, 'text': text, **more})}"

    def start(self) -> None:
        self._bearerbox = self._run("bearerbox", self._box_port)
        self._smsbox = self._run("smsbox", self.http_port)

    def kill(self) -> None:
        self._spent = self.cpu_seconds
        self._smsbox.kill()
        self._bearerbox.kill()

    def stop(self) -> None:
        self._smsbox.stop()
        self._bearerbox.stop()

    def _run(self, program: str, port: int) -> Child:
        found = _find(program)
        assert found is not None, missing()
        return Child(
            [found, str(self._config)],
            lambda: listens(port),
            self._folder / f"{program}.out",
            environment(_UNPACKED),
        )


class Kannel:
    """bearerbox and smsbox with `store-type = file`.

    `tells` false: receipts are requested, accepted and dropped; they are reported to nobody.
    """

    success = b"0: Accepted for delivery"

    def __init__(
        self, folder: Path, terms: Terms, *, name: str = "kannel", tells: bool = True
    ) -> None:
        self.name = name
        self._tells = tells
        self._parts = terms.parts
        self._receipts = terms.receipts
        folder.mkdir()
        self.sink = Sink(folder, receipts=terms.receipts, window=terms.window)
        self._listener = Answerer(folder)
        self._boxes = KannelBoxes(folder / "boxes", smsc_port=self.sink.port, window=terms.window)

    @property
    def ports(self) -> Sequence[int]:
        return [self._boxes.http_port]

    @property
    def cpu_seconds(self) -> float:
        return self._boxes.cpu_seconds

    @property
    def peak_mib(self) -> float:
        return self._boxes.peak_mib

    def requests(self, numbers: range) -> list[bytes]:
        return [self._request(number) for number in numbers]

    def start(self) -> None:
        self._boxes.start()

    def kill(self) -> None:
        self._boxes.kill()

    def stop(self) -> None:
        self._boxes.stop()
        self._listener.stop()
        self.sink.stop()

    def _request(self, number: int) -> bytes:
        asked = {}
        if self._receipts:
            asked["dlr-mask"] = str(_DELIVERED_OR_NOT)
        if self._receipts and self._tells:
            asked["dlr-url"] = f"http://{HOST}:{self._listener.port}/{number}/%d"
        path = self._boxes.path(
            SENDER, f"+66{number % 1000:09d}", text(number, self._parts), **asked
        )
        return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def _runs(program: str) -> bool:
    found = _find(program)
    if found is None:
        return False
    told = subprocess.run(
        [found, "--version"], env=environment(_UNPACKED), capture_output=True, check=False
    )
    return told.returncode == 0


def _find(program: str) -> str | None:
    own = _UNPACKED / "usr" / "sbin"
    return shutil.which(program, path=f"/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:{own}")
