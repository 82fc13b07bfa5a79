"""The page of the web chat in the language of whoever opens it. It knows no person and no conversation."""

import hashlib
import html
from pathlib import Path
from string import Template

from starlette.datastructures import Headers, QueryParams

from bot.i18n import N_, language_from_tag, translate
from bot.types import Language

PAGE = Path(__file__).parent / "page"
NAMES = {Language.PL: "Polski", Language.UK: "Українська", Language.EN: "English"}
# Who reads no language of ours reads one of them all the same, mostly.
_NEAREST = {"ru": Language.UK, "be": Language.PL, "*": Language.PL}


TEXTS = {
    "title": N_("IOM Kraków assistant"),
    "danger": N_("In danger? Call 112"),
    "program": N_("This is a program, not a person."),
    "skip": N_("Skip to the message field"),
    "languages": N_("Language"),
    "log": N_("Conversation"),
    "message": N_("Your message"),
    "placeholder": N_("Your question…"),
    "send": N_("Send"),
    "keys": N_("Enter sends the message, Shift+Enter starts a new line."),
    "clear": N_("Clear this chat"),
    "you": N_("You"),
    "assistant": N_("Assistant"),
    "choices": N_("What you can choose"),
    "waiting": N_("Waiting for the answer…"),
    "lost": N_("No connection. Your messages are kept and sent later."),
    "restored": N_("Connected again."),
    "unsent": N_("Not sent yet"),
    "failed": N_("Could not be sent"),
    "save": N_("Save this contact"),
    "noscript": N_("This chat needs JavaScript. The office's contact is on its website:"),
}


class Page:
    """The files of the page, read once."""

    def __init__(self) -> None:
        self.files = {name: (PAGE / name).read_bytes() for name in ("chat.css", "chat.js")}
        self._template = Template((PAGE / "index.html").read_text(encoding="utf-8"))
        # In the address of a file, so that browsers may keep it for as long as it stays the same.
        self._versions = {name.replace(".", "_"): hashlib.sha256(data).hexdigest()[:12] for name, data in self.files.items()}

    def html(self, language: Language) -> str:
        texts = {name: html.escape(translate(text, language)) for name, text in TEXTS.items()}
        return self._template.substitute(texts, lang=language.value, links=links(language), **self._versions)


def links(current: Language) -> str:
    """One link for each language, named in that language."""
    lines = []
    for language, name in NAMES.items():
        here = ' aria-current="true"' if language is current else ""
        lines.append(f'<a href="/?lang={language}" lang="{language}" hreflang="{language}"{here}>{html.escape(name)}</a>')
    return "\n".join(lines)


def language_for(query: QueryParams, headers: Headers) -> Language:
    """The one that was chosen, else the first of the browser's that we speak, else English if it named others, else Polish."""
    wanted = [query.get("lang", ""), *_accepted(headers.get("accept-language", ""))]
    for tag in wanted:
        if language := language_from_tag(tag) or _NEAREST.get(tag.split("-")[0].lower()):
            return language
    return Language.EN if any(wanted[1:]) else Language.PL


def _accepted(header: str) -> list[str]:
    """`uk;q=0.8, pl` -> pl, uk: the tags of an Accept-Language header, the most wanted first."""
    weighted = []
    for part in header[:500].split(","):
        tag, _, weight = part.partition(";")
        try:
            weighted.append((float(weight.strip().removeprefix("q=") or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]
