"""Which part of Twilio's own description do we rely on? The paths we call and what they refer to, vendored.

`python -m tests.carrier.spec FOLDER` writes the extracts anew from the whole documents in FOLDER. Examples are left
out; nothing else is changed. Twilio's documents are under the MIT licence beside them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
MESSAGE = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
LOOKUP = "/v2/PhoneNumbers/{PhoneNumber}"
ACCOUNT = "/2010-04-01/Accounts/{Sid}.json"
NUMBERS = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers.json"
SHORT_CODES = "/2010-04-01/Accounts/{AccountSid}/SMS/ShortCodes.json"
SERVICE = "/v1/Services/{Sid}"
SERVICE_NUMBERS = "/v1/Services/{ServiceSid}/PhoneNumbers"

# our extract -> the whole document, the paths taken from it
PARTS = {
    "twilio_messages.json": ("twilio_api_v2010.json", (MESSAGES, MESSAGE)),
    "twilio_account.json": ("twilio_api_v2010.json", (ACCOUNT, NUMBERS, SHORT_CODES)),
    "twilio_lookups.json": ("twilio_lookups_v2.json", (LOOKUP,)),
    "twilio_messaging.json": ("twilio_messaging_v1.json", (SERVICE, SERVICE_NUMBERS)),
}


def extract(document: dict[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """These paths, and every schema they lead to."""
    kept = {path: _read_only(path, _without_examples(document["paths"][path])) for path in paths}
    schemas: dict[str, Any] = {}
    waiting = list(_references(kept))
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            schemas[name] = _without_examples(document["components"]["schemas"][name])
            waiting += _references(schemas[name])
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "security": document.get("security", []),
        "paths": kept,
        "components": {
            "securitySchemes": document["components"]["securitySchemes"],
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _read_only(path: str, described: dict[str, Any]) -> dict[str, Any]:
    """We only look at the account and its senders: what would change them is left out."""
    if path in (MESSAGES, MESSAGE, LOOKUP):
        return described
    return {name: part for name, part in described.items() if name not in ("post", "delete")}


def _without_examples(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_examples(v) for k, v in node.items() if k not in ("examples", "example")}
    return [_without_examples(item) for item in node] if isinstance(node, list) else node


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rsplit("/", 1)[-1]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def main(folder: Path) -> None:
    for ours, (theirs, paths) in PARTS.items():
        whole = json.loads((folder / theirs).read_text(encoding="utf-8"))
        text = json.dumps(extract(whole, paths), indent=1, ensure_ascii=False)
        (HERE / ours).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
