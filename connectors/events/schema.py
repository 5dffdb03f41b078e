"""JSON Schema and the OpenAPI description of the events, generated from the shapes that check them."""

import json
from pathlib import Path
from typing import Any

from connectors.events.fields import MISSING
from connectors.events.shapes import EVENT
from connectors.events.webhook import MOST_ITEMS, SIGNATURE

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ANSWERS = {
    "200": "At least one event is kept, or was known already; each is answered by itself.",
    "400": "The body cannot be read, or its signature does not fit: nothing is kept.",
    "404": "The address does not exist, or its token is wrong.",
    "413": "The body is larger than 1 MiB.",
    "422": "No event of the body can be read: nothing is kept, and each is answered with its reason.",
    "503": "The database is away: send the same again after Retry-After. What was kept is not kept twice.",
}


def json_schema() -> dict[str, Any]:
    """Return the schema of one event."""
    schema = EVENT.json_schema()
    definitions = {name: _forgiving(one) for name, one in sorted(schema.pop("$defs").items())}
    schema.pop("discriminator")
    return {
        "$schema": DIALECT,
        "title": "Event",
        **schema,
        "$defs": {**definitions, "Missing": {**MISSING, "description": "Counts as missing."}},
    }


def openapi() -> dict[str, Any]:
    """Return the description of the address that takes events."""
    schema = json_schema()
    schema.pop("$schema")
    schemas = {**schema.pop("$defs"), "Event": schema, "Batch": _batch(), "Answer": _answer()}
    body = {"anyOf": [{"$ref": "#/components/schemas/Event"}, {"$ref": "#/components/schemas/Batch"}]}
    told = {
        "openapi": "3.1.0",
        "info": {"title": "View 3: events of any other tool", "version": "1"},
        "jsonSchemaDialect": DIALECT,
        "paths": {
            "/webhooks/events/{token}": {
                "post": {
                    "operationId": "sendEvents",
                    "summary": "Send one event, or a batch of them.",
                    "parameters": [_parameter("token", "path"), _parameter(SIGNATURE, "header")],
                    "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                    "responses": {status: _response(status, words) for status, words in ANSWERS.items()},
                }
            }
        },
        "components": {"schemas": dict(sorted(schemas.items()))},
    }
    moved: dict[str, Any] = json.loads(json.dumps(told).replace("#/$defs/", "#/components/schemas/"))
    return moved


def as_text(description: dict[str, Any]) -> str:
    """Return a description as it is served and kept among the documents."""
    return json.dumps(description, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write both descriptions to a folder."""
    (folder / "events.schema.json").write_text(as_text(json_schema()), encoding="utf-8")
    (folder / "events.openapi.json").write_text(as_text(openapi()), encoding="utf-8")


def _forgiving(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a definition whose optional fields may be empty, and without what only programs say of it."""
    properties = {}
    for name, told in definition["properties"].items():
        field = {key: one for key, one in told.items() if key not in ("title", "default")}
        kinds = [one for one in field.pop("anyOf", ()) if one != {"type": "null"}]
        if kinds:
            field = {**field, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})}
        is_needed = name in definition.get("required", ())
        properties[name] = field if is_needed else {"anyOf": [field, {"$ref": "#/$defs/Missing"}]}
    return {**{key: one for key, one in definition.items() if key != "title"}, "properties": properties}


def _batch() -> dict[str, Any]:
    items = {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS}
    return {
        "type": "object",
        "description": "Several events; each is checked, kept and answered by itself.",
        "required": ["events"],
        "properties": {"events": {**items, "items": {"$ref": "#/components/schemas/Event"}}},
    }


def _answer() -> dict[str, Any]:
    text, count = {"type": "string"}, {"type": "integer", "minimum": 0}
    result = {
        "id": text,
        "result": {"enum": ["accepted", "already known", "rejected"]},
        "reason": {**text, "description": "One sentence that names the field; of a rejected event."},
        "ignored": {"type": "array", "items": text, "description": "Fields that no event of its type has."},
    }
    results = {"type": "array", "items": {"type": "object", "required": ["result"], "properties": result}}
    counts = ("accepted", "already_known", "rejected")
    properties = {**dict.fromkeys(counts, count), "results": {**results, "description": "In the order of the body."}}
    return {"type": "object", "required": [*counts, "results"], "properties": properties}


def _parameter(name: str, place: str) -> dict[str, Any]:
    words = {
        "path": "The secret of VIEW3_EVENTS_TOKEN.",
        "header": "t=UNIX-SECONDS,v1=HEX: HMAC-SHA256 of the seconds, a point and the body; "
        "needed where VIEW3_EVENTS_SECRET is set.",
    }
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": words[place],
        "schema": {"type": "string"},
    }


def _response(status: str, words: str) -> dict[str, Any]:
    if status not in {"200", "422"}:
        return {"description": words}
    return {"description": words, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}}
