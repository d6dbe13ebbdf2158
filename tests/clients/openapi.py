#!/usr/bin/env python3
"""Writes openapi.facts: the fields that the official OpenAPI files name, to the last leaf.

By hand, when the files have changed:

    tests/clients/openapi.py --from DIR

DIR holds authentication.yaml, omnichannel.yaml and user-management.yaml of
RocketChat/Rocket.Chat-Open-API. Needs PyYAML, and no network. The result is read by openapi.mjs; its
form is told in its own first lines. tests/contract/rocketchat.facts is the broader and flatter
table of the same files.
"""

import argparse
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "contract"))
from facts import FILES, METHODS, Document

# What a client of the livechat face calls.
ASKED = re.compile(
    r"/api/v1/(login$|logout$|me$|omnichannel/contact"
    r"|livechat/(agent\.|config|custom[.-]|inquir|messages?[./]?|offline|page|room|transcript"
    r"|transfer|upload|visitor|\{rid\}/messages))"
)
HEAD = """\
# What the official OpenAPI files say of each field. Made by tests/clients/openapi.py; do not edit.
#
#   METHOD path             an operation; {x} in a path is one segment
#     query[!] name type    a query parameter; ! is required
#     sent[!] path type     a field of the JSON body; [] is each of a list, * any key
#     got path type         a field of the answer 200
#
# Several types are parted by |; `any` says nothing.
"""


def kinds(document, schema):
    """The types a schema allows, and the schemas that have fields of their own."""
    schema = document.resolved(schema)
    parts = [schema] if schema.get("properties") or schema.get("items") else []
    names = schema.get("type") or ("object" if schema.get("properties") else None)
    found = set(names if isinstance(names, list) else [names] if names else [])
    if schema.get("nullable"):
        found.add("null")
    for word in ["allOf", "oneOf", "anyOf"]:
        for part in schema.get(word) or []:
            more, inner = kinds(document, part)
            found |= more
            parts += inner
    return found or {"any"}, parts


def fields(document, schema, at, required, depth=0):
    """(path, required, types) of a schema and all below it."""
    found, parts = kinds(document, schema)
    if at:
        yield at, required, found
    if depth > 8:
        return
    for part in parts:
        needs = set(part.get("required") or [])
        for name, inner in (part.get("properties") or {}).items():
            path = f"{at}.{name}" if at else name
            yield from fields(document, inner, path, required and name in needs, depth + 1)
        if part.get("items"):
            yield from fields(document, part["items"], f"{at}[]", False, depth + 1)


def lines(document, word, schema):
    """One line a path; the same path twice (oneOf) is both types, and required nowhere."""
    known = {}
    for path, required, found in fields(document, schema, "", True):
        if path in known:
            before, types = known[path]
            known[path] = (before and required, types | found)
        else:
            known[path] = (required, found)
    for path, (required, found) in sorted(known.items()):
        mark = "!" if required and word == "sent" else ""
        types = "any" if "any" in found else "|".join(sorted(found))
        yield f"{word}{mark} {path} {types}"


def json_of(document, holder):
    content = document.resolved(holder).get("content") or {}
    return (content.get("application/json") or {}).get("schema")


def facts(directory):
    for name in FILES:
        document = Document(directory / name)
        for method, path, shared, operation in document.operations():
            if not ASKED.match(path):
                continue
            found = []
            parameters = [*shared, *(operation.get("parameters") or [])]
            for parameter in map(document.resolved, parameters):
                if parameter.get("in") == "query":
                    types, _ = kinds(document, parameter.get("schema"))
                    mark = "!" if parameter.get("required") else ""
                    found.append(f"query{mark} {parameter['name']} {'|'.join(sorted(types))}")
            found.sort()
            body = json_of(document, operation.get("requestBody"))
            if body:
                found += lines(document, "sent", body)
            responses = operation.get("responses") or {}
            ok = next((one for status, one in responses.items() if str(status) == "200"), None)
            answer = json_of(document, ok)
            if answer:
                found += lines(document, "got", answer)
            yield (path, METHODS.index(method.lower())), [f"{method} {path}", *found]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="directory", required=True, type=pathlib.Path)
    directory = parser.parse_args().directory
    found = dict(facts(directory))
    text = [HEAD.rstrip("\n")]
    for _, (operation, *rest) in sorted(found.items()):
        text += [operation, *(f"  {line}" for line in rest)]
    target = pathlib.Path(__file__).with_name("openapi.facts")
    target.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
