"""An event loop in which waiting costs nothing and a seed decides what is left to chance.

Time creeps while anything can run, and jumps to the next timer once all wait. Sockets are real;
work of other threads is done when the loop says so, a few turns after it was asked for.
"""

import asyncio
import os
import selectors
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import SimpleNamespace

EPOCH_S = 1_800_000_000
_TURN_S = 1e-6
_MOST_TURNS = 4
_HUNG_S = 60


class _Selector(selectors.DefaultSelector):
    def __init__(self, look):
        super().__init__()
        self._look = look

    def select(self, timeout=None):
        return self._look(super().select, timeout)


class Gate:
    """Between a store and the thread that commits for it: what is handed over waits here."""

    def __init__(self, inbox):
        self.held = None
        self.done = None
        self._inbox = inbox
        self.get = inbox.get

    @property
    def is_shut(self):
        return self.held is not None or self.done is not None

    def put(self, group):
        if group is None:  # the end of the thread
            self._inbox.put(None)
        else:
            self.held = group

    def commit(self, arrivals):
        """Now; who waits for it is told later."""
        self._inbox.put(self.held)
        self.held = None
        self.done = arrivals.get(timeout=_HUNG_S)

    def tell(self):
        done, self.done = self.done, None
        return done


class StoryLoop(asyncio.SelectorEventLoop):
    """A commit takes some turns, and it takes some more until it is told."""

    def __init__(self, chance):
        self._chance = chance
        self._now_s = 1000.0
        self._gates = []
        self._turns_left = None
        self._home = threading.get_ident()
        self._arrivals = SimpleQueue()
        self._pool = ThreadPoolExecutor(1)
        super().__init__(_Selector(self._look))

    def time(self):
        return self._now_s

    @property
    def now_ms(self):
        """The wall clock."""
        return int(1000 * (EPOCH_S + self._now_s))

    @property
    def clocks(self):
        """The module `time`, as code that runs in this loop has to see it."""
        return SimpleNamespace(
            time=lambda: EPOCH_S + self._now_s,
            time_ns=lambda: int(1e9 * (EPOCH_S + self._now_s)),
            monotonic=self.time,
            perf_counter=self.time,
        )

    def watch_over(self, store):
        """No commit of this store runs while anything else does."""
        store.database.writer._inbox = gate = Gate(store.database.writer._inbox)
        self._gates.append(gate)

    def call_soon_threadsafe(self, callback, *args, context=None):
        if threading.get_ident() == self._home:
            super().call_soon_threadsafe(callback, *args, context=context)
        else:
            self._arrivals.put((callback, args, context))
            self._write_to_self()

    def run_in_executor(self, executor, func, *args):
        done = (executor or self._pool).submit(func, *args)
        told = self.create_future()
        error = done.exception(_HUNG_S)
        tell = told.set_result if error is None else told.set_exception
        self._tell(told, tell, done.result() if error is None else error, self._some_turns())
        return told

    def close(self):
        self._pool.shutdown()
        super().close()

    def _some_turns(self):
        return self._chance.randrange(_MOST_TURNS)

    def _tell(self, told, tell, what, turns):
        if turns:
            self.call_soon(self._tell, told, tell, what, turns - 1)
        elif not told.done():
            tell(what)

    def _look(self, select, timeout):
        """What is ready; called once a turn."""
        self._now_s += _TURN_S
        if shut := [gate for gate in self._gates if gate.is_shut]:
            if self._turns_left is None:
                self._turns_left = self._some_turns()
            if timeout == 0 and self._turns_left:
                self._turns_left -= 1
            else:
                self._turns_left = None
                self._go_on(shut[0])
            return select(0)
        while not self._arrivals.empty():
            self._land(self._arrivals.get())
            timeout = 0
        events = select(0)
        if events or timeout == 0:
            return events
        os.sched_yield()  # what was written is on its way through the kernel
        events = select(0)
        if events:
            return events
        if timeout is None:
            return select(None)
        self._now_s += timeout
        return []

    def _go_on(self, gate):
        if gate.held is not None:
            gate.commit(self._arrivals)
        else:
            self._land(gate.tell())

    def _land(self, arrival):
        callback, args, context = arrival
        self.call_soon(callback, *args, context=context)
