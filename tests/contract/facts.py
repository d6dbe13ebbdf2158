#!/usr/bin/env python3
"""Writes rocketchat.facts: what the official OpenAPI files say about each operation.

By hand, when the files have changed:

    tests/contract/facts.py --from DIR

DIR holds authentication.yaml, omnichannel.yaml and user-management.yaml of
RocketChat/Rocket.Chat-Open-API. Needs PyYAML, and no network. The result is read by
tests/it/rocketchat_facts/ and tests/it/openapi/; its form is told in its own first lines.
"""

import argparse
import pathlib
import sys

import yaml

FILES = ["authentication.yaml", "omnichannel.yaml", "user-management.yaml"]
METHODS = ["get", "post", "put", "patch", "delete"]
HEAD = """\
# What the official OpenAPI files say. Made by tests/contract/facts.py; do not edit.
#
#   METHOD path            an operation; {x} in a path is one segment
#     query[!] name        a query parameter; ! is required
#     form kind            the body is not a JSON object but this
#     body[!] name type    a top-level key of the body; ! is required
#     extra yes|no         additionalProperties, where the files say it
#     answer key...        top-level keys of the answer 200
"""


class Document:
    """One file, with its references."""

    def __init__(self, path):
        self.root = yaml.safe_load(path.read_text(encoding="utf-8"))

    def resolved(self, node):
        """The node itself, or what its $ref points to."""
        while isinstance(node, dict) and "$ref" in node:
            target = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node or {}

    def shape(self, schema):
        """(properties, required, additional) of a schema; the parts of allOf together, of oneOf
        and anyOf all keys and no requirement."""
        schema = self.resolved(schema)
        properties = dict(schema.get("properties") or {})
        required = set(schema.get("required") or [])
        additional = schema.get("additionalProperties")
        for word in ["allOf", "oneOf", "anyOf"]:
            for part in schema.get(word) or []:
                more, needs, also = self.shape(part)
                properties.update(more)
                if word == "allOf":
                    required |= needs
                additional = also if additional is None else additional
        return properties, required, additional

    def kind(self, schema):
        """The type of a schema, in a word."""
        schema = self.resolved(schema)
        known = schema.get("type")
        if known is None and schema.get("properties"):
            known = "object"
        return known if isinstance(known, str) else "any"

    def operations(self):
        for path, item in self.root["paths"].items():
            shared = item.get("parameters") or []
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, shared, item[method]


def query(document, parameters):
    """Query parameters; of two with one name the operation's own, which comes last."""
    found = {}
    for parameter in map(document.resolved, parameters):
        if parameter.get("in") == "query":
            found[parameter["name"]] = bool(parameter.get("required"))
    for name, required in sorted(found.items()):
        yield f"query{'!' if required else ''} {name}"


def body(document, request):
    content = document.resolved(request).get("content") or {}
    for form, media in sorted(content.items()):
        schema = document.resolved(media.get("schema"))
        if form != "application/json":
            yield f"form {form}"
            continue
        kind = document.kind(schema)
        if kind != "object":
            yield f"form {kind}"
            continue
        properties, required, additional = document.shape(schema)
        for name in sorted(set(properties) | required):
            mark = "!" if name in required else ""
            yield f"body{mark} {name} {document.kind(properties.get(name))}"
        if not properties:
            yield "form object"
        if additional is not None:
            yield f"extra {'no' if additional is False else 'yes'}"


def answer(document, responses):
    ok = next((r for status, r in responses.items() if str(status) == "200"), None)
    media = (document.resolved(ok).get("content") or {}).get("application/json") or {}
    keys = set(document.shape(media.get("schema"))[0])
    if not keys:
        # Some answers are only shown.
        shown = [one.get("value") for one in (media.get("examples") or {}).values()]
        keys = {key for one in shown if isinstance(one, dict) for key in one}
    if keys:
        yield "answer " + " ".join(sorted(keys))


def facts(directory):
    operations = {}
    for name in FILES:
        document = Document(directory / name)
        for method, path, shared, operation in document.operations():
            lines = [
                *query(document, [*shared, *(operation.get("parameters") or [])]),
                *body(document, operation.get("requestBody")),
                *answer(document, operation.get("responses") or {}),
            ]
            if operations.setdefault((path, method), lines) != lines:
                sys.exit(f"{method} {path} is told twice, and differently: {name}")
    for (path, method), lines in sorted(operations.items()):
        yield f"{method} {path}"
        yield from (f"  {line}" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="directory", required=True, type=pathlib.Path)
    directory = parser.parse_args().directory
    text = HEAD + "\n".join(facts(directory)) + "\n"
    target = pathlib.Path(__file__).with_name("rocketchat.facts")
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
