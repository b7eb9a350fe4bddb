"""What became of the messages of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from simpost_client.calls import Response
from simpost_client.decoding import decode
from simpost_client.error_table import problem_error
from simpost_client.errors import ApiError, UnexpectedResponse
from simpost_client.models import AcceptedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """One message of a batch: `message` if it is accepted, else the `error` with its reason.

    `replayed`: it was accepted before, by a request with the same key.
    """

    message: AcceptedMessage | None
    error: ApiError | None
    replayed: bool

    def accepted(self) -> AcceptedMessage:
        """The message. Raises its error if it was not accepted."""
        if self.message is not None:
            return self.message
        raise self.error or UnexpectedResponse("a message of a batch has no result")


def read_batch(response: Response) -> tuple[BatchOutcome, ...]:
    """The outcome of each message of a batch, in their order."""
    rows = response.json().get("results")
    if not isinstance(rows, list):
        raise UnexpectedResponse("the response to a batch has no results")
    found = []
    for row in rows:
        message, problem = row.get("message"), row.get("problem")
        found.append(
            BatchOutcome(
                message=None if message is None else decode(AcceptedMessage, message),
                error=None if problem is None else problem_error(row["status"], problem),
                replayed=bool(row.get("replayed")),
            )
        )
    return tuple(found)


def has_uncommitted(response: Response) -> bool:
    """Whether the store could not commit a message: the batch is to be sent again."""
    if response.status != 207 or "retry-after" not in response.headers:
        return False
    rows = response.json().get("results", [])
    return any(row.get("status") == 503 for row in rows)
