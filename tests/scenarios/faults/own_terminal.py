"""`simpost` in a session of its own: python -m tests.scenarios.faults.own_terminal demo ...

Its standard input is the terminal of the session, which it leads, as `setsid --ctty` makes it.
"""

from __future__ import annotations

import fcntl
import os
import termios


def main() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    from simpost.cli import main as run

    run()


if __name__ == "__main__":
    main()
