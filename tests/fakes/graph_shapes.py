"""Whether JSON has the form that the documentation gives it. Stricter than the real one, which ignores a misspelt key."""

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from .graph_errors import Json, invalid


def fields(value: object, where: str, required: Collection[str], optional: Collection[str] = ()) -> Json:
    if not isinstance(value, dict):
        raise invalid(f"{where} must be an object")
    for name in value.keys() - {*required, *optional}:
        raise invalid(f'unknown key "{name}" in {where}')
    for name in required:
        if name not in value:
            raise invalid(f"{where} needs {name}")
    return value


def items(value: object, where: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(f"{where} must be an array")
    if not 1 <= len(value) <= most:
        raise invalid(f"{where} must have 1 to {most} items, has {len(value)}")
    return value


def string(value: object, where: str, most: int) -> str:
    """The documentation says "characters" and not which: the stricter of code points and UTF-16 units counts."""
    if not isinstance(value, str):
        raise invalid(f"{where} must be a string")
    if re.search("[\ud800-\udfff]", value):
        raise invalid(f"{where} must be valid UTF-8")
    length = max(len(value), len(value.encode("utf-16-le")) // 2)
    if length > most:
        raise invalid(f"Length of {where} must be at most {most}, is {length}")
    return value


def text(value: object, where: str, most: int) -> str:
    """A string in which something can be seen."""
    if not any(character.isprintable() and not character.isspace() for character in string(value, where, most)):
        raise invalid(f"{where} must not be empty")
    return str(value)


def one_of(value: object, where: str, known: Collection[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise invalid(f"{where} must be one of {', '.join(known)}")
    return value


def boolean(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(f"{where} must be true or false")
    return value


def url(value: object, where: str) -> str:
    address = text(value, where, 2048)
    try:
        parts = urlsplit(address)
        good = parts.scheme in {"http", "https"} and parts.hostname and not re.search(r"\s", address)
    except ValueError:
        good = False
    if not good:
        raise invalid(f"{where} must be an http or https URL")
    return address


def phone(value: object, where: str) -> str:
    number = text(value, where, 20)
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise invalid(f"{where} must be + and a number with its country code")
    return number


def locale(value: object, where: str) -> str:
    name = text(value, where, 10)
    if not re.fullmatch(r"default|[a-z]{2,3}_[A-Z]{2}", name):
        raise invalid(f"{where} must be default or like pl_PL")
    return name
