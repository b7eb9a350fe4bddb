"""What a shared verb is, and what a store does with one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar

from simpost.store.records.row import NamedRow

P = ParamSpec("P")
R = TypeVar("R")

Step: TypeAlias = tuple[str, tuple[Any, ...]]
"""A statement, and its parameters in their order."""
Steps: TypeAlias = Generator[Step, Sequence[NamedRow], R]


class SharedDatabase(Protocol):
    """Runs shared verbs. It may run one again from its start when a transaction failed."""

    async def transact(self, verb: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result, after the commit of everything that the verb wrote."""
        ...

    async def query(self, verb: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of a verb that only reads."""
        ...
