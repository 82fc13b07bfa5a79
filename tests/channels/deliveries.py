"""What the fuzzing begins with: for each channel deliveries as its platform sends them, and one hostile delivery handed over."""

import json
import time
from typing import Any

from tests.channels.kits import Kit
from tests.channels.recorded import recorded
from tests.hostile import harm_in, storable


def deliveries_for(kit: Kit) -> list[Any]:
    """As parsed JSON."""
    said = [kit.says("szef nie zapłacił"), kit.says("😀"), kit.presses("/fair_work/unpaid_wages")]
    if kit.sends_a_photo:
        said.append(kit.sends_a_photo())
    own = [json.loads(body) if isinstance(body, bytes) else body for body in said]
    own += recorded(kit.channel.name).values()
    if kit.channel.name == "web":
        own += [said | {"language": "uk"} for said in own]
    return own


async def hand_over(kit: Kit, body: bytes) -> tuple[list[str], int, float]:
    """What went wrong with this body, the status, and the seconds of the processor. What was kept is checked and thrown away."""
    began = time.process_time()
    try:
        response = await kit.post(body)
    except Exception as error:
        return [f"{type(error).__name__} escapes"], 0, time.process_time() - began
    seconds = time.process_time() - began
    wrong = [f"status {response.status_code}"] if response.status_code >= 500 else []
    if response.status_code >= 400 and len(response.content) > 100:
        wrong.append("a refusal that tells much")
    for message in kit.mailbox.messages:
        wrong += harm_in(message)
    addresses = [*kit.mailbox.forgotten, *kit.mailbox.paused, *(sender for sender, _ in kit.mailbox.withdrawn)]
    wrong += [f"{address} cannot be looked up" for address in addresses if not storable(address.person) or len(address.person) > 128]
    wrong += ["an id that cannot be looked up" for _, id in kit.mailbox.withdrawn if not storable(id)]
    for kept in (kit.mailbox.messages, kit.mailbox.forgotten, kit.mailbox.withdrawn, kit.mailbox.paused):
        kept.clear()
    return wrong, response.status_code, seconds
