"""The people who write to the Page, the people who answer there, and the other apps: what each of them does is an Event.

await meta.says(person, "Добрий день")
await meta.posts([meta.says(person, "1"), meta.says(person, "2")], [meta.says(other, "3")])
"""

from .graph import Sent
from .graph_delivery import Event, Webhook
from .graph_errors import Json
from .graph_events import attachment, edit, message, postback, reaction, referral, sticker, thread_control
from .graph_threads import INBOX


class Meta(Webhook):
    """See `Webhook` for how it posts."""

    # What a person does

    def says(self, person: str, text: str, **more: object) -> Event:
        return self.event(person, message(self._mid(), text, **more))

    def taps(self, person: str, title: str, payload: str | None = None, *, old: bool = False) -> Event:
        """A postback button, the menu or an ice breaker that the person can see; with a payload, one of long ago.

        `old`: as in old versions, without a mid, and with the time as a string.
        """
        found = postback(None if old else self._mid(), title, payload or self._payload(person, title))
        event = self.event(person, found)
        if old:
            event.json["timestamp"] = str(event.json["timestamp"])
        return event

    def taps_quick_reply(self, person: str, title: str) -> Event:
        """Only those of the last message are still there."""
        for reply in self.graph.sent(person)[-1].quick_replies:
            if reply.title == title:
                return self.says(person, title, quick_reply={"payload": reply.payload})
        raise LookupError(f"no quick reply {title!r} under {self.graph.sent(person)[-1].text!r}")

    def gets_started(self, person: str, payload: str | None = None, ref: str | None = None) -> Event:
        payload = payload or self.graph.profile["get_started"]["payload"]
        return self.event(person, postback(self._mid(), "Get Started", payload, referral(ref) if ref else None))

    def sends_sticker(self, person: str, *forms: str) -> Event:
        """`forms`: sticker; before, sticker and image; long before, image."""
        return self.event(person, message(self._mid(), attachments=sticker(forms or ("sticker",))))

    def sends_attachment(self, person: str, *kinds: str, text: str | None = None) -> Event:
        """image, audio, video, file, location, fallback, template, reel, post, or one of tomorrow."""
        return self.event(person, message(self._mid(), text, attachments=[attachment(kind) for kind in kinds]))

    def sends_unsupported(self, person: str) -> Event:
        """Neither text nor attachments."""
        return self.event(person, message(self._mid(), is_unsupported=True))

    def reacts(self, person: str, mid: str, emoji: str | None = "❤") -> Event:
        """None takes the reaction back."""
        return self.event(person, reaction(mid, emoji))

    def unsends(self, person: str, mid: str) -> Event:
        return self.event(person, message(mid, is_deleted=True))

    def edits(self, person: str, mid: str, text: str, times: int = 1) -> Event:
        return self.event(person, edit(mid, text, times))

    def reads(self, person: str) -> Event:
        return self.event(person, {"read": {"watermark": self.now()}})

    def receives(self, person: str, *mids: str) -> Event:
        """The phone has them. No timestamp; from old phones no mids either."""
        event = self.event(person, {"delivery": ({"mids": list(mids)} if mids else {}) | {"watermark": self.now()}})
        del event.json["timestamp"]
        return event

    def follows_link(self, person: str, ref: str | None = None) -> Event:
        return self.event(person, {"referral": referral(ref)})

    def opts_in_with_user_ref(self, user_ref: str, ref: str = "fake-ref") -> Event:
        """A box on a web page: nobody's id is known, so there is no sender."""
        event = self.event("", {"optin": {"ref": ref, "user_ref": user_ref}})
        del event.json["sender"]
        return event

    # What the Page and the other apps do

    def echoes(self, person: str, sent: Sent) -> Event:
        """The bot's own message comes back."""
        more: Json = {"metadata": sent.metadata} if sent.metadata is not None else {}
        if "attachment" in sent.message:
            return self._echo(person, message(sent.mid, app_id=int(self.graph.app_id), attachments=[sent.message["attachment"]], **more))
        return self._echo(person, message(sent.mid, sent.text, app_id=int(self.graph.app_id), **more))

    def consultant_writes(self, person: str, text: str, app_id: int | None = int(INBOX)) -> Event:
        """In the inbox of the Page, or in another app; some have no app_id."""
        return self._echo(person, message(self._mid(), text, **({"app_id": app_id} if app_id is not None else {})))

    def passes_thread_control(self, person: str, new: str | None = None, previous: str | None = None) -> Event:
        """To the bot, if to nobody else. `previous` None: nobody controlled the thread."""
        new = new or self.graph.app_id
        return self.event(person, thread_control("pass", new, previous), owner=new)

    def takes_thread_control(self, person: str, new: str = INBOX, previous: str | None = None) -> Event:
        return self.event(person, thread_control("take", new, previous), owner=new)

    def on_standby(self, event: Event) -> Event:
        """The same, to an app that only listens."""
        event.standby = True
        return event

    def _payload(self, person: str, title: str) -> str:
        for sent in reversed(self.graph.sent(person)):
            for button in (*sent.buttons, *(button for card in sent.cards for button in card.buttons)):
                if (button.kind, button.title) == ("postback", title):
                    return button.payload
        for entry in (*self.graph.profile.get("persistent_menu", []), *self.graph.profile.get("ice_breakers", [])):
            for item in entry.get("call_to_actions", []):
                if title in (item.get("title"), item.get("question")) and "payload" in item:
                    return str(item["payload"])
        raise LookupError(f"no button {title!r} among {[sent.buttons for sent in self.graph.sent(person)]}, nor in the profile")

    def _echo(self, person: str, content: Json) -> Event:
        event = self.event(person, {"message": {"is_echo": True} | content["message"]})
        event.json |= {"sender": {"id": self.graph.page_id}, "recipient": {"id": person}}
        return event

    def _mid(self) -> str:
        return self.graph.threads.next_mid("in")
