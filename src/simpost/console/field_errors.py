"""What is wrong with a form, in the words of the API, at the fields that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request

from simpost.api.shared.error_messages import error_message
from simpost.api.shared.problems import Problem, invalid
from simpost.errors import InvalidRequest, NotFound

ModelT = TypeVar("ModelT", bound=BaseModel)


class WrongField(NamedTuple):
    """`at` is the place in the request of the API, such as `texts.en`; empty for all of it."""

    at: str
    reason: str


class FieldErrors(InvalidRequest):
    """The form cannot be taken."""

    def __init__(self, *errors: WrongField) -> None:
        super().__init__()
        self.errors = errors

    def at(self, *places: str) -> list[str]:
        """The reasons of these places and of those within them."""
        return [
            each.reason
            for each in self.errors
            if any(each.at == place or each.at.startswith(f"{place}.") for place in places)
        ]

    def exactly(self, place: str) -> list[str]:
        """The reasons of this place alone."""
        return [each.reason for each in self.errors if each.at == place]

    def summary(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        """Each error as the place of its field, or empty, and a sentence with its label."""
        found = []
        for error in self.errors:
            steps = error.at.split(".")
            heads = (".".join(steps[:count]) for count in range(len(steps), 0, -1))
            place = next((head for head in heads if head in labels), "")
            name = labels.get(place, error.at)
            found.append((place, f"{name}: {error.reason}" if name else error.reason))
        return found


NO_ERRORS = FieldErrors()


def read_request(model: type[ModelT], document: object) -> ModelT:
    """The document as a request of the API. Raises FieldErrors."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = (error_message(each) for each in error.errors())
        raise FieldErrors(*(WrongField(each["at"], each["reason"]) for each in found)) from None


def errors_of(
    problem: Problem, labels: Mapping[str, str], places: Mapping[str, str] | None = None
) -> FieldErrors:
    """What a refusal of the API says, at the fields that it names.

    `places` are those of its codes. A detail that begins with a field of `labels` is about it.
    """
    named = problem.members.get("errors")
    if isinstance(named, list):
        return FieldErrors(
            *(WrongField(each["at"].removeprefix("body."), each["reason"]) for each in named)
        )
    first, _, rest = problem.detail.partition(" ")
    if first.rstrip(":") in labels:
        return FieldErrors(WrongField(first.rstrip(":"), rest))
    remedy = problem.members.get("remedy")
    detail = f"{problem.detail} {remedy}" if remedy else problem.detail
    return FieldErrors(WrongField((places or {}).get(problem.code.value, ""), detail))


def read_query(model: type[ModelT], request: Request) -> ModelT:
    """The query of a URL as that of the API. Raises Problem."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        found = (error_message(each) for each in error.errors())
        reasons = "; ".join(f"{each['at']} {each['reason']}" for each in found)
        raise invalid(f"The address of this page is not valid: {reasons}.") from None


def read_value(kind: Any, value: object, place: str) -> None:
    """Check a value that the API takes in a path. Raises FieldErrors."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        reason = error_message(error.errors()[0])["reason"]
        raise FieldErrors(WrongField(place, reason)) from None


def require_name(kind: Any, value: str) -> None:
    """Raise NotFound for a name that nothing can have; the store is not asked for it."""
    try:
        read_value(kind, value, "")
    except FieldErrors:
        raise NotFound from None
