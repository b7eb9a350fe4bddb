"""The audit of dependencies, as `make check` runs it, against a server with OSV's interface."""

import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "requirements" / "audit.py"
LOCK = "sample==1.0 --hash=sha256:" + "0" * 64 + "\n"
FLAW = {
    "id": "GHSA-sample",
    "summary": "A flaw",
    "affected": [
        {
            "package": {"name": "sample", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


class Osv(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def osv():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def audit(folder, url):
    (folder / "lock.txt").write_text(LOCK)
    command = [sys.executable, str(AUDIT), f"--data={url}", str(folder / "lock.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_known_vulnerability_fails_the_check(osv, tmp_path):
    osv.answer = {"vulns": [FLAW]}
    status, said = audit(tmp_path, f"http://127.0.0.1:{osv.server_port}/v1/query")
    assert (status, said.splitlines()[1:]) == (1, ["sample 1.0: GHSA-sample, fixed in 1.1"])


def test_dependencies_without_a_known_vulnerability_pass(osv, tmp_path):
    osv.answer = {}
    status, said = audit(tmp_path, f"http://127.0.0.1:{osv.server_port}/v1/query")
    assert (status, said) == (0, "1 dependencies audited: no known vulnerability.\n")


def test_without_vulnerability_data_a_sentence_says_so(tmp_path):
    status, said = audit(tmp_path, "http://127.0.0.1:9/v1/query")
    assert status == 0
    assert said.startswith("Dependencies not audited, http://127.0.0.1:9/v1/query could not")
