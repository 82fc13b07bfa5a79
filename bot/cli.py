"""The command line: all commands, in the order in which --help tells them."""

import click

from bot.commands import operators, staff
from bot.commands.shared import Commands
from bot.i18n import gettext as _


@click.group(
    cls=Commands,
    context_settings={"max_content_width": 120},
    help=_("The assistant for migrants in Kraków and Małopolska. Each command explains itself with --help."),
)
def main() -> None:
    pass


for command in (
    operators.run,
    staff.chat,
    staff.train,
    staff.check,
    staff.evaluate,
    staff.explain,
    staff.parse,
    operators.profile,
    operators.settings,
    operators.forget,
    operators.migrate,
):
    main.add_command(command)
