"""What goes wrong on the way to Telegram, in Telegram's words."""

from starlette.responses import JSONResponse

from .faults import Faults
from .telegram_parameters import Refusal, too_many_requests


def refused(refusal: Refusal) -> JSONResponse:
    headers = {"Retry-After": str(seconds)} if (seconds := refusal.body.get("parameters", {}).get("retry_after")) else None
    return JSONResponse(refusal.body, refusal.code, headers)


class TelegramFaults(Faults):
    def too_many_requests(self, method: str, retry_after: int = 1, times: int = 1) -> None:
        self._refuse(method, too_many_requests(retry_after), times)

    def forbidden(self, method: str, description: str = "bot was blocked by the user", times: int = 1) -> None:
        self._refuse(method, Refusal(403, f"Forbidden: {description}"), times)

    def server_error(self, method: str, times: int = 1) -> None:
        self._refuse(method, Refusal(500, "Internal Server Error"), times)

    def _refuse(self, method: str, refusal: Refusal, times: int) -> None:
        self.answer(method, lambda: refused(refusal), times)
