"""For operators: run, profile, settings, forget, migrate. Each imports what it needs only when it runs, so that all start quickly."""

import signal

import click

from bot import settings as settings_module
from bot import telemetry
from bot.commands.shared import Failure, Trouble, run_async, with_settings
from bot.i18n import gettext as _
from bot.settings import Settings


@click.command(help=_("Start the bot: the web chat, and every other channel whose token is set. Ends on Ctrl-C."))
@with_settings("INFO")
def run(settings: Settings) -> None:
    from bot.app import serve
    from bot.webserver import AddressTaken

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends a training too, even as the first process of a container

    def announce(address: str) -> None:
        if not telemetry.on_terminal(settings.log):
            return  # the log says it
        click.echo(
            _("The bot is running. Web chat: {address}").format(address=address)
            if settings.channels["web"].on
            else _("The bot is running: {address}/health").format(address=address),
            err=True,
        )

    try:
        run_async(serve(settings, announce))
    except AddressTaken as error:
        text = _("The web server cannot listen on {host}, port {port} ({reason}). Stop what listens there, or set BOT_HOST and BOT_PORT.")
        raise Trouble(text.format(host=settings.host, port=settings.port, reason=error)) from None


@click.command(
    help=_(
        "Set what Telegram and Messenger show before the first message and in their menus, as responses/profile.yml says. "
        "Prints the differences and what people will see; a second time there is nothing to change."
    )
)
@click.option("--dry-run", is_flag=True, help=_("Print the differences and change nothing."))
@with_settings()
def profile(settings: Settings, dry_run: bool) -> None:
    from bot.channels import channels_from
    from bot.editions import read_content
    from bot.profile import profiles_from
    from bot.publishing import NotSet, publish

    wanted = profiles_from(read_content(settings))

    async def print_all() -> None:
        channels = channels_from(settings)
        try:
            async for line in publish(channels, wanted, dry_run=dry_run):
                click.echo(line)
        finally:
            for channel in channels.values():
                await channel.close()

    try:
        run_async(print_all())
    except NotSet as error:
        raise Failure(str(error)) from None


@click.command(help=_("Show every BOT_ variable: its meaning, its default, and whether it is set (never a secret)."))
def settings() -> None:
    from bot.channels import all_settings
    from bot.variables import table

    for line in table(all_settings()):
        click.echo(line)


@click.command(help=_("Erase everything kept about a person, for example: bot forget telegram 123456789"))
@click.argument("channel")
@click.argument("person")
@with_settings()
def forget(settings: Settings, channel: str, person: str) -> None:
    from bot.channels import CHANNELS
    from bot.store import Store
    from bot.store.database import engine_for, migrate
    from bot.types import Address

    if channel not in CHANNELS:
        raise Failure(
            _("There is no channel {channel}. The channels are: {channels}.").format(channel=channel, channels=", ".join(sorted(CHANNELS)))
        )

    async def erase() -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        store = Store(engine_for(settings.database), keys=settings.store_keys)
        await migrate(store.engine)
        await store.forget(Address(channel, person))
        await store.close()

    run_async(erase())
    click.echo(_("Erased: nothing is kept about this person."))


@click.command(
    help=_(
        "Copy everything into the empty database of BOT_DATABASE_URL, for example from SQLite to PostgreSQL. Stop the bot before; "
        "nothing is changed where it is copied from, and after a failure the command may be repeated."
    )
)
@click.option("--from", "source", help=_("Database to copy from, as sqlite+aiosqlite:///path; without it: SQLite in BOT_DATA_DIR."))
@with_settings()
def migrate(settings: Settings, source: str | None) -> None:
    from bot.store import copying
    from bot.store.database import engine_for, exists
    from bot.store.database import migrate as bring_up_to_date

    source = source or settings.own_database
    if not settings_module.is_database(source) or not exists(source):
        raise Failure(_("There is no such database to copy from. Use --from sqlite+aiosqlite:///path"))
    if source == settings.database:
        raise Failure(_("Set BOT_DATABASE_URL to the database to copy into."))

    async def copy_all() -> None:
        engines = engine_for(source), engine_for(settings.database)
        try:
            for engine in engines:
                await bring_up_to_date(engine)
            counts = await copying.copy(*engines)
        finally:
            for engine in engines:
                await engine.dispose()
        click.echo(_("Copied: {inbox} messages with their keys, {outbox} waiting replies, {conversations} conversations.").format(**counts))

    try:
        run_async(copy_all())
    except copying.NotEmpty:
        raise Failure(_("The database of BOT_DATABASE_URL is not empty. Nothing was copied.")) from None
