"""Writes `src/schema.ts`: the types of what the client uses of the OpenAPI document.

python -m clients.npm.tools.make_schema FOLDER    the folder with openapi-typescript
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).parents[1] / "src" / "schema.ts"
_PATHS: Final = re.compile(
    r"/v1/(messages|verifications|templates|broadcasts|conversations|inbound|events)(/.*)?"
    r"|/api/v1/open/(esim/sendSms|esim/query|package/list|webhook/\w+)"
)
_UNUSED: Final = frozenset({"/v1/messages/export", "/v1/messages/{id}/exchanges"})


def needed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the document that the client uses: successes, and the schemas they have."""
    paths = {
        path: _successes(item)
        for path, item in document["paths"].items()
        if _PATHS.fullmatch(path) and path not in _UNUSED
    }
    schemas = document["components"]["schemas"]
    kept: dict[str, Any] = {}
    parameters = document["components"].get("parameters", {})
    waiting = [*_references(paths), *_references(parameters)]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = schemas[name]
            waiting += _references(schemas[name])
    ordered = {name: schema for name, schema in schemas.items() if name in kept}
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": paths,
        "components": {"schemas": ordered, "parameters": parameters},
    }


def _successes(item: Mapping[str, Any]) -> dict[str, Any]:
    """A path without its errors: the client has a class for each."""
    found: dict[str, Any] = {}
    for name, value in item.items():
        found[name] = value
        if isinstance(value, Mapping) and "responses" in value:
            responses = value["responses"].items()
            kept = {
                status: {key: each for key, each in answer.items() if key != "headers"}
                for status, answer in responses
                if status < "300"
            }
            found[name] = {**value, "responses": kept}
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/components/schemas/"):
            yield reference.rpartition("/")[2]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def mark(document: Mapping[str, Any]) -> str:
    """The first line of `schema.ts`: which document it was made of."""
    octets = json.dumps(needed(document), sort_keys=True).encode()
    return (
        f"// Made by make_schema of the OpenAPI document {hashlib.sha256(octets).hexdigest()[:16]}."
    )


def types(document: Mapping[str, Any], programs: Path) -> str:
    """The source of `schema.ts`."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "openapi.json", Path(folder) / "schema.ts"
        given.write_text(json.dumps(needed(document)), "utf-8")
        command = [str(programs / "openapi-typescript"), str(given), f"--output={made}"]
        subprocess.run(command, check=True, capture_output=True)
        return f"{mark(document)}\n{made.read_text('utf-8')}"


def main() -> None:
    """Write the file."""
    from tests.native_app import document

    TARGET.write_text(types(document(), Path(sys.argv[1])), "utf-8")


if __name__ == "__main__":
    main()
