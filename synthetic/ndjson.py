"""JSON one object a line, with numbers in the digits that were meant: ``13.0`` is not ``13``."""

import json
from collections.abc import Iterable
from typing import Any


class Digits(str):
    """A number by its digits."""

    __slots__ = ()


def dumps(value: Any) -> str:
    """One value without blanks, letters as they are."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def lines(values: Iterable[Any]) -> bytes:
    """One object a line."""
    return "".join(f"{dumps(value)}\n" for value in values).encode()
