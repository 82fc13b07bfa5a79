"""Runs the rasa_sdk actions of `bot.actions` inside this process."""

import logging
from collections.abc import Mapping
from typing import Any

from bot.dialogue import Act


def executor() -> tuple[Act, frozenset[str]]:
    """The function that runs an action by its name, and the names there are."""
    # Imported late: it takes a third of a second, and register_package would end the process on an ImportError.
    from rasa_sdk.executor import ActionExecutor

    import bot.actions

    logging.getLogger("rasa_sdk").setLevel(logging.WARNING)
    actions = ActionExecutor()
    actions.register_package(bot.actions)

    async def act(name: str, tracker: Mapping[str, Any], domain: Mapping[str, Any]) -> Mapping[str, Any]:
        result = await actions.run({"next_action": name, "sender_id": "", "tracker": dict(tracker), "domain": dict(domain)})
        return result.model_dump() if result else {"events": [], "responses": []}

    return act, frozenset(actions.actions)
