"""Sets what platforms show before the first message and in their menus: for `bot profile`, and quietly for each edition of the content."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

from bot.channels import switches_with_profile
from bot.channels.base import Channel, Gone, HasProfile, Refused, Shown, TryLater, pause_after
from bot.i18n import gettext as _
from bot.telemetry import log, where
from bot.types import Profiles

LONGEST = 600.0  # seconds between two tries; Meta allows ten calls in that time
_log = log("profile")


class NotSet(Exception):
    """The operator has to do something first; the text says what, one line a platform."""


def platforms(channels: Mapping[str, Channel]) -> dict[str, HasProfile]:
    return {name: channel for name, channel in channels.items() if isinstance(channel, HasProfile)}


async def publish(channels: Mapping[str, Channel], wanted: Profiles, *, dry_run: bool) -> AsyncIterator[str]:
    """Lines for an operator. A platform that fails does not keep the others from being set; at the end it raises NotSet."""
    found = platforms(channels)
    if not found:
        switches = _(" or ").join(switches_with_profile())
        raise NotSet(_("No platform is set up that shows a profile. Set {variables}.").format(variables=switches))
    failures = []
    for name, channel in found.items():
        try:
            shown = await channel.profile(wanted, dry_run=dry_run)
        except (TryLater, Refused, Gone) as error:
            failures.append(": ".join(filter(None, (name, str(error), getattr(error, "do", "")))))
            continue
        for line in lines(name, shown, dry_run=dry_run):
            yield line
    if failures:
        raise NotSet("\n".join(failures))


def lines(name: str, shown: Sequence[Shown], *, dry_run: bool) -> Iterator[str]:
    """The differences, what was done about them, and all that people will see."""
    changes = [entry for entry in shown if entry.changes]
    for entry in changes:
        yield f"{name} {entry.client} {entry.what}: {_quoted(entry.before)} -> {_quoted(entry.after)}"
    if not changes:
        yield _("{platform}: nothing to change.").format(platform=name)
    elif dry_run:
        yield _("{platform}: {number} differences, nothing was changed.").format(platform=name, number=len(changes))
    else:
        yield _("{platform}: {number} differences, all set.").format(platform=name, number=len(changes))
    clients: dict[tuple[str, str], list[str]] = {}
    for entry in shown:
        clients.setdefault((entry.what, entry.after), []).append(entry.client)
    yield _("{platform} shows, for each language of a client:").format(platform=name)
    for (what, text), those in clients.items():
        if text:
            yield f"  {what} [{', '.join(those)}]: {_quoted(text)}"


async def show(channels: Mapping[str, Channel], wanted: Profiles) -> None:
    """On all platforms at once, quietly."""
    await asyncio.gather(*(surely_show(name, channel, wanted) for name, channel in platforms(channels).items()))


async def surely_show(name: str, channel: HasProfile, wanted: Profiles, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Until the platform has taken it, or will never. A mistake of ours here must not end the bot: people are answered all the same."""
    failures = 0
    while True:
        try:
            shown = await channel.profile(wanted, dry_run=False)
        except TryLater as error:
            failures += 1
            seconds = pause_after(failures, LONGEST) if error.seconds is None else error.seconds
            do = error.do or "nothing; it is tried again by itself"
            _log.warning("profile.postponed", channel=name, reason=str(error), retry_in=seconds, do=do)
            await sleep(seconds)
        except (Refused, Gone) as error:
            do = "run `bot profile`, which tells more; people are answered all the same"
            _log.error("profile.refused", channel=name, reason=str(error), do=do)
            return
        except Exception as error:
            _log.error(
                "profile.failed", channel=name, error=where(error), do="report the place in `error`; people are answered all the same"
            )
            return
        else:
            if number := sum(entry.changes for entry in shown):
                _log.info("profile.set", channel=name, differences=number)
            return


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
