"""What Telegram shows before the first message and in its menu: commands and descriptions, in each language."""

from telegram import Bot, BotCommand

from bot.i18n import N_, translate
from bot.types import Language

COMMANDS = {
    "help": N_("What I can help with"),
    "language": N_("Change the language"),
    "contact": N_("Contact of the office"),
    "privacy": N_("What is kept about you"),
    "forget": N_("Erase everything about me"),
    "start": N_("Start again"),
}
SHORT_DESCRIPTION = N_("A program of IOM's Kraków office: answers for migrants, day and night.")
DESCRIPTION = N_(
    "I am a program, not a person. I answer questions of migrants in Kraków and Małopolska: work, stay, health, safety, going home. "
    "The text of your message is erased once it is answered. In danger call 112."
)
# The client's language -> the language we show there; "" is everybody else.
PROFILES = {"": Language.EN, "en": Language.EN, "pl": Language.PL, "be": Language.PL, "uk": Language.UK, "ru": Language.UK}


async def set_profile(bot: Bot) -> None:
    """The same call again changes nothing."""
    for code, language in PROFILES.items():
        commands = [BotCommand(name, translate(meaning, language)) for name, meaning in COMMANDS.items()]
        await bot.set_my_commands(commands, language_code=code or None)
        await bot.set_my_description(translate(DESCRIPTION, language), language_code=code or None)
        await bot.set_my_short_description(translate(SHORT_DESCRIPTION, language), language_code=code or None)
