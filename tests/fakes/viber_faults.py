"""How Viber answers: with HTTP 200 and a `status`, unless a test says that something goes wrong."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .faults import ANY, Answer, Faults
from .viber_checks import NAMES, Json, Refusal

__all__ = ["ANY", "HOST", "ViberFaults", "answered"]

HOST = "SN-CHAT-05_"


class ViberFaults(Faults):
    def status(self, method: str, status: int, times: int = 1) -> None:
        async def refuse(_request: Request, _answer: Answer) -> Response:
            return answered(Refusal(status, NAMES[status] if status < len(NAMES) else "general"))

        self.inject(method, refuse, times)

    def http(self, method: str, code: int, times: int = 1) -> None:
        async def fail(_request: Request, _answer: Answer) -> Response:
            return Response(b'{"status": 0}', code)  # a code that should be believed rather than the body

        self.inject(method, fail, times)


def answered(result: Json | Refusal) -> Response:
    """HTTP 200 whatever became of it."""
    if isinstance(result, Refusal):
        return JSONResponse({"status": result.status, "status_message": str(result), "chat_hostname": HOST})
    return JSONResponse({"status": 0, "status_message": "ok", "chat_hostname": HOST, **result})
