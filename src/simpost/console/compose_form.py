"""The form of a message: what was typed, and the request that the API would get for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from pydantic import ValidationError

from simpost.api.shared.error_messages import error_message
from simpost.domain.messages import own_request_id, parse_id
from simpost.features.templates.definition import Template
from simpost.features.templates.recipient_texts import read_value

R = TypeVar("R")

_VALUE: Final = "value."
"""Fields with this prefix are values of variables."""
_LABELS: Final = {
    "esimTranNo": "The eSIM",
    "text": "The text",
    "template": "The template",
    "values": "The values",
    "language": "The language",
    "category": "The category",
    "from": "The sender",
    "sendAt": "The time",
    "reference": "The reference",
}


class InvalidForm(Exception):
    """Fields that are not as the API documents them, as sentences."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__()
        self.problems = list(problems)


class ComposeForm(msgspec.Struct, frozen=True):
    """The fields as they were typed.

    Attributes:
        key: sends with one key send the message once; empty in a new form.
        text: with line feeds, whatever the browser sent.
        template: its name; empty if the text is typed.
        language: a tag; empty for that of the eSIM.
        values: of the variables of the template, as text.
        send_at: `2026-01-31T12:00` in UTC; empty for now.
    """

    key: str = ""
    text: str = ""
    template: str = ""
    language: str = ""
    values: dict[str, str] = {}
    category: str = ""
    sender: str = ""
    send_at: str = ""
    reference: str = ""
    look_alikes: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing yet that could be sent."""
        return not self.template and not self.text.strip()

    def document(self, template: Template | None) -> dict[str, Any]:
        """The fields of a request to the API, without those that are blank."""
        given: dict[str, Any] = {
            "category": self.category,
            "from": self.sender.strip(),
            "sendAt": f"{self.send_at}:00Z" if len(self.send_at) == 16 else self.send_at,
            "reference": self.reference.strip(),
        }
        given = {name: value for name, value in given.items() if value}
        if self.look_alikes:
            given["lookAlikes"] = True
        if not self.template:
            return given | {"text": self.text}
        given |= {"template": self.template, "values": self._values(template)}
        return given | ({"language": self.language} if self.language else {})

    def _values(self, template: Template | None) -> dict[str, Any]:
        """Those of declared variables; a blank one is absent, so that its default counts."""
        declared = template.variables if template else {}
        return {
            name: read_value(self.values[name], variable.type)
            for name, variable in declared.items()
            if self.values.get(name)
        }


def read_compose_form(form: Mapping[str, str]) -> ComposeForm:
    """The form of a POST."""
    return ComposeForm(
        key=form.get("key", ""),
        text=form.get("text", "").replace("\r\n", "\n"),
        template=form.get("template", ""),
        language=form.get("language", ""),
        values={
            name.removeprefix(_VALUE): value.replace("\r\n", "\n")
            for name, value in form.items()
            if name.startswith(_VALUE)
        },
        category=form.get("category", ""),
        sender=form.get("from", ""),
        send_at=form.get("sendAt", ""),
        reference=form.get("reference", ""),
        look_alikes=form.get("lookAlikes") == "true",
    )


def validated(validate: Callable[[dict[str, Any]], R], document: dict[str, Any]) -> R:
    """The request that a schema of the API makes of the fields. Raises InvalidForm."""
    try:
        return validate(document)
    except ValidationError as error:
        found = [error_message(each) for each in error.errors()]
        problems = [f"{_label(each['at'])} {each['reason']}." for each in found]
        raise InvalidForm(list(dict.fromkeys(problems))) from None


def form_request_id(form: ComposeForm) -> str:
    """The request id of a form: what it sends, it sends once. Raises InvalidForm without a key."""
    key = parse_id(form.key)
    if key is None:
        raise InvalidForm(["The form is not complete. Reload the page."])
    return own_request_id(f"console {key.hex()}")


def form_fingerprint(form: ComposeForm) -> bytes:
    """Digest of what was typed; a form that is posted again must have the same one."""
    return hashlib.sha256(msgspec.json.encode(form, order="sorted")).digest()


def _label(at: str) -> str:
    return _LABELS.get(at.partition(".")[0], "The message")
