"""Values as Python prints them, which is how Zapier hands on lists: read by tokens, never evaluated."""

import json
import re
from typing import cast

_TOKEN = re.compile(
    r"""\s+|[][{}:,]|-?[0-9]{1,30}(?:\.[0-9]{1,30})?|True|False|None|u?(?P<quoted>'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:(?P<code>x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})|(?P<sign>.))", re.DOTALL)
_WORDS = {"True": "true", "False": "false", "None": "null"}


def read_printed(text: str) -> object:
    """Return the value that Python printed as `[{u'name': u'VIP', 'bump': False}]`; None for anything else."""
    tokens, position = [], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            return None
        quoted = token["quoted"]
        tokens.append(json.dumps(_ESCAPE.sub(_unescaped, quoted[1:-1])) if quoted else _WORDS.get(token[0], token[0]))
        position = token.end()
    try:
        return cast("object", json.loads("".join(tokens)))
    except (ValueError, RecursionError):
        return None


def _unescaped(escape: re.Match[str]) -> str:
    code = escape["code"]
    if code:
        return chr(min(int(code[1:], 16), 0x10FFFF))
    return {"n": "\n", "r": "\r", "t": "\t"}.get(escape["sign"], escape["sign"])
