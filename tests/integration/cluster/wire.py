"""A port between a node and its peer, which a test can cut."""

import contextlib
import socket
import threading

from bench.processes import HOST


class Wire:
    """Forwards to a UNIX socket or a port; once cut, it reads and drops everything."""

    def __init__(self, to: str | int):
        self._to = to
        self._sockets: list[socket.socket] = []
        self._is_cut = threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        self._is_cut.set()

    def hang_up(self):
        """Both ends see the connection end; new connections get no response."""
        self.cut()
        for each in list(self._sockets):
            _end(each)

    def restore(self):
        """New connections are served; those that were cut stay so."""
        self._is_cut.clear()

    def close(self):
        for each in [self._listener, *self._sockets]:
            _end(each)
            each.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._sockets.append(near)
                if self._is_cut.is_set():
                    continue
                far = self._dial()
                self._sockets.append(far)
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _dial(self):
        if isinstance(self._to, int):
            return socket.create_connection((HOST, self._to))
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._to)
        return far

    def _pass(self, source, sink):
        with contextlib.suppress(OSError):
            while octets := source.recv(65_536):
                if self._is_cut.is_set():
                    return
                sink.sendall(octets)
            _end(sink)  # a close does not end what another thread waits for


def _end(one):
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
