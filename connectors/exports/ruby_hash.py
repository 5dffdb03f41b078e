"""UTM values out of the text of a Ruby hash, a Rails parameters dump, JSON or YAML; nothing is ever evaluated."""

import re
import sys

from analytics.records import Utm

PARTS = ("source", "medium", "campaign", "term", "content")
SURROGATES = range(0xD800, 0xE000)
NOTHING = frozenset({"nil", "null", "~", "None"})

# A key with a simple value, or a string that is neither: strings are taken whole, so that what they quote is no key.
_PAIR = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|:?(?P<bare>\w+))\s*(?:=>|:)\s*'
    r'(?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s,{}\[\]"<>]+))'
    r'|"(?:[^"\\]|\\.)*"',
    re.DOTALL,
)
_YAML_LINE = re.compile(r"^\s*:?(?P<key>utm_\w+):[ \t]*(?P<value>.*?)[ \t]*$", re.MULTILINE)
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "e": "", "0": ""}


def utm_of(text: str) -> Utm:
    """Return the UTM values a dump holds; the first one that is not empty wins."""
    found: dict[str, str] = {}
    for name, value in _yaml_pairs(text) if text.startswith("---") else _hash_pairs(text):
        part = name.removeprefix("utm_")
        if name != part and part in PARTS and value:
            found.setdefault(part, value)
    return Utm(**found)


def _hash_pairs(text: str) -> list[tuple[str, str]]:
    if "utm_" not in text:
        return []
    pairs = []
    for pair in _PAIR.finditer(text):
        name = pair["quoted"] or pair["bare"] or ""
        value = _unescaped(pair["text"]) if pair["text"] is not None else pair["word"] or ""
        pairs.append((name, "" if pair["text"] is None and value in NOTHING else value.strip()))
    return pairs


def _yaml_pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for line in _YAML_LINE.finditer(text):
        value = line["value"]
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = _unescaped(value[1:-1]) if value[0] == '"' else value[1:-1].replace("''", "'")
        pairs.append((line["key"], "" if value in NOTHING else value))
    return pairs


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    code = escape[1]
    if len(code) > 1:
        character = int(code[1:].strip("{}"), 16)
        return "\ufffd" if character in SURROGATES or character > sys.maxunicode else chr(character)
    return _CONTROL.get(code, code)
