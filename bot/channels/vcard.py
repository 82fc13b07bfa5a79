"""A contact card as vCard 3.0, the format every phone reads. Pure."""

from bot.types import ContactCard


def vcard(card: ContactCard) -> str:
    given, _, family = card.name.rpartition(" ")
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"N:{_escape(family)};{_escape(given)};;;",
        f"FN:{_escape(card.name)}",
        f"ORG:{_escape(card.organisation)}",
        f"TEL;TYPE=WORK,VOICE:{card.phone}",
        f"EMAIL;TYPE=WORK:{card.email}",
        f"URL:{card.url}",
        "END:VCARD",
    ]
    return "\r\n".join(lines) + "\r\n"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")
