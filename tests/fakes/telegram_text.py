"""What Telegram makes of a text: HTML becomes entities, control characters and empty ends go, then it is counted.

After tdlib's parse_html, fix_formatted_text and clean_input_string. Byte offsets in errors are those of UTF-8,
entities count in UTF-16 units, lengths in code points.
"""

import re
from dataclasses import dataclass, field

from .telegram_parameters import Json, bad_request

MAX_TEXT, MAX_BYTES = 4096, 1 << 15

_KINDS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "span": "spoiler",
    "a": "text_link", "tg-emoji": "custom_emoji", "code": "code", "pre": "pre", "blockquote": "blockquote",
}  # fmt: skip
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}  # and no other: &nbsp; and &apos; stay as they are
_CHARACTER = re.compile(r"&(?:#x(?P<hex>[0-9a-f]{1,7})|#(?P<decimal>\d{1,8})|(?P<name>[a-z]+));?", re.IGNORECASE)
_START = re.compile(r"<([^\s>]*)")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[\w.-]*(?=[\s>]|\Z)))?""", re.ASCII)
_END = re.compile(r"</([^\s>]*)\s*(>?)")
_REMOVED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_SPACES = re.compile("[\x00-\x09\x0b\x0c\x0e-\x20]")
_EMPTY = re.compile("[\\s\u180e\u200b-\u200f\u202e\u2800\ufeff\ufffc\U000e0000-\U000e007f]*")


def formatted(text: str, parse_mode: str | None, entities: list[Json] | None) -> tuple[str, list[Json]]:
    """What people will read, and its entities."""
    if not text:
        raise bad_request("message text is empty")
    if len(text.encode()) > MAX_BYTES:
        raise bad_request("text is too long")
    match (parse_mode or "").lower():
        case "" | "none":
            plain, found = _clean(text), [dict(entity) for entity in entities or []]
        case "html":
            plain, found = parse_html(text)
        case "markdown" | "markdownv2":
            raise bad_request("can't parse entities: the fake reads HTML only")
        case _:
            raise bad_request("unsupported parse_mode")
    plain, found = _trimmed(plain, found)
    if _EMPTY.fullmatch(plain):
        raise bad_request("message text is empty")  # tdlib says "text must be non-empty"
    if len(plain) > MAX_TEXT:
        raise bad_request("message is too long")
    return plain, found


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str | None
    start: int  # in UTF-16 units
    begin: int  # in characters of the text so far


@dataclass(slots=True)
class _Html:
    source: str
    text: str = ""
    open: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)


def parse_html(source: str) -> tuple[str, list[Json]]:
    html, position = _Html(source), 0
    while position < len(source):
        if source.startswith("</", position):
            position = _close(html, position)
        elif source[position] == "<":
            position = _open(html, position)
        else:
            stop = source.find("<", position)
            stop = len(source) if stop < 0 else stop
            html.text += _clean(_unescaped(source[position:stop]))
            position = stop
    if html.open:
        raise _unparsable(f"Can't find end tag corresponding to start tag {html.open[-1].tag}")
    return html.text, sorted(html.entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _open(html: _Html, position: int) -> int:
    where = _byte_offset(html.source, position)
    name = _START.match(html.source, position)
    assert name
    if name.end() == len(html.source):
        raise _unparsable(f"Unclosed start tag{where}")
    tag, position, attributes = name[1].lower(), name.end(), {}
    if tag not in _KINDS:
        raise _unparsable(f'Unsupported start tag "{tag}"{where}')
    while found := _ATTRIBUTE.match(html.source, position):
        if found[2] is None and (tag, found[1]) != ("blockquote", "expandable"):
            raise _unparsable(f'Expected equal sign in declaration of an attribute of the tag "{tag}"{where}')
        value = found[2] or ""
        attributes[found[1]] = _unescaped(value[1:-1] if value[:1] in {"'", '"'} else value)
        position = found.end()
    rest = html.source[position:].lstrip()
    if not rest.startswith(">"):
        raise _unparsable(f"Unclosed start tag{where}")
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise _unparsable(f'Tag "span" must have class "tg-spoiler"{where}')
    if tag == "tg-emoji" and not re.fullmatch(r"-?[1-9]\d*", attributes.get("emoji-id", "")):
        raise bad_request("invalid custom emoji identifier specified")
    argument = attributes.get({"a": "href", "tg-emoji": "emoji-id"}.get(tag, "expandable"))
    html.open.append(_Open(tag, argument, utf16(html.text), len(html.text)))
    return len(html.source) - len(rest) + 1


def _close(html: _Html, position: int) -> int:
    where = _byte_offset(html.source, position)
    if not html.open:
        raise _unparsable(f"Unexpected end tag{where}")
    found = _END.match(html.source, position)
    assert found
    if not found[2]:
        raise _unparsable(f"Unclosed end tag{where}")
    opened, name = html.open.pop(), found[1].lower()
    if name not in {"", opened.tag}:
        raise _unparsable(f'Unmatched end tag{where}, expected "</{opened.tag}>", found "</{name}>"')
    if length := utf16(html.text) - opened.start:
        html.entities += _entity(opened, length, html.text[opened.begin :])
    return found.end()


def _entity(opened: _Open, length: int, inside: str) -> list[Json]:
    entity: Json = {"type": _KINDS[opened.tag], "offset": opened.start, "length": length}
    match opened.tag:
        case "a":
            entity["url"] = opened.argument or inside
            if not re.match(r"(?i)(https?|tg|ton|mailto|tel):|[\w-]+(\.[\w-]+)+", entity["url"]):
                return []  # the text stays, the link silently does not
        case "tg-emoji":
            entity["custom_emoji_id"] = opened.argument
        case "blockquote" if opened.argument is not None:
            entity["type"] = "expandable_blockquote"
    return [entity]


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    shorter = text.rstrip(" \n")
    first = min((entity["offset"] for entity in entities), default=len(text))
    left = min(len(shorter) - len(shorter.lstrip(" \n")), first)
    shorter = shorter[left:]
    for entity in entities:
        entity["offset"] -= left
        entity["length"] = min(entity["length"], utf16(shorter) - entity["offset"])
    return shorter, [entity for entity in entities if entity["length"] > 0]


def _unescaped(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        if found["name"]:
            return _NAMED.get(found["name"], found[0])
        code = int(found["hex"], 16) if found["hex"] else int(found["decimal"])
        return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF else found[0]

    return _CHARACTER.sub(character, text)


def _clean(text: str) -> str:
    return _SPACES.sub(" ", _REMOVED.sub("", text))


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _byte_offset(source: str, position: int) -> str:
    return f" at byte offset {len(source[:position].encode())}"


def _unparsable(reason: str) -> Exception:
    return bad_request(f"can't parse entities: {reason}")
