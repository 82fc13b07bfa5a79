"""Our replies as Telegram shows them. Pure.

Texts go out without a parse mode: nothing in them can be taken for markup, so nothing needs escaping and no entity can be refused.
"""

from collections.abc import Sequence

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.i18n import N_, format_phone, translate
from bot.types import Button, ContactCard, Language

NARROW = 16  # titles up to this many characters fit two in a row


def keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """Two in a row while all titles are short, else one."""
    if not buttons:
        return None
    columns = 2 if len(buttons) > 3 and all(len(button.title) <= NARROW for button in buttons) else 1
    keys = [InlineKeyboardButton(button.title, callback_data=button.payload) for button in buttons]
    return InlineKeyboardMarkup([keys[i : i + columns] for i in range(0, len(keys), columns)])


def copy_keyboard(card: ContactCard, language: Language) -> InlineKeyboardMarkup:
    """One tap copies the number or the address: for a phone without credit, or somebody else's."""
    number = translate(N_("Copy the number {number}"), language).format(number=format_phone(card.phone))
    address = translate(N_("Copy the e-mail address"), language)
    keys = [InlineKeyboardButton(title, copy_text=CopyTextButton(text)) for title, text in ((number, card.phone), (address, card.email))]
    return InlineKeyboardMarkup([[key] for key in keys])
