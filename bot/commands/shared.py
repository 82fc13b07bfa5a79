"""What every command of the command line shares: its settings and log, how it fails, how it runs."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click

from bot import settings as settings_module
from bot import telemetry
from bot.i18n import gettext as _
from bot.variables import SettingsError

P = ParamSpec("P")
R = TypeVar("R")


class Failure(click.ClickException):
    """Ends the command with these lines on standard error."""

    exit_code = 2

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Trouble(Failure):
    """A failure that may be over when the command is started again."""

    exit_code = 1


class Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """A mistake of ours is told by its places: its text may quote a secret, or what a person wrote."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # whoever reads has enough, as `head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None
        except Exception as error:
            click.echo("\n".join(telemetry.places_of(error)), err=True)
            sys.exit(1)


def with_settings(log_level: str = "WARNING") -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Gives a command its settings and a log; mistakes in the environment or the content end it with a list."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @wraps(command)
        def run(*args: Any, **kwargs: Any) -> R:
            from bot.channels import all_settings
            from bot.editions import ContentError
            from bot.store import KeyMissing, StoreDown

            try:
                settings = settings_module.load(all_settings())
                telemetry.configure(settings.log, settings.log_key.get_secret_value(), log_level)
                return command(settings, *args, **kwargs)
            except SettingsError as error:
                raise Failure(_("These settings must be mended:"), str(error)) from None
            except ContentError as error:
                raise Failure(_("The content must be mended (`bot check` tells more):"), str(error)) from None
            except KeyMissing:
                raise Failure(
                    _("What is stored was sealed with another key. Put it back, behind the new one: BOT_STORE_KEY=new,old")
                ) from None
            except StoreDown as error:
                text = _("The database does not answer ({error}). Check BOT_DATABASE_URL, and PostgreSQL or the disk.")
                raise Trouble(text.format(error=error)) from None

        return run

    return decorate


def run_async(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
