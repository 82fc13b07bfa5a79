"""What goes wrong on the way to the Graph API, in its words. A call is named as in `graph.Call`."""

from starlette.responses import JSONResponse

from .faults import Faults
from .graph_errors import Refusal, refused


class GraphFaults(Faults):
    def error(
        self, name: str, code: int, subcode: int | None = None, *, message: str | None = None, status: int = 400, times: int = 1
    ) -> None:
        """Any documented error, and any other: 10 with 1893063 is a Page that may not send for a while."""
        self.answer(name, lambda: refused(Refusal(code, message, subcode, status=status)), times)

    def rate_limit(self, name: str, code: int = 613, *, minutes: int = 0, status: int = 400, times: int = 1) -> None:
        """4 (the app), 17 (the user), 32 and 613 (the Page); `minutes` until access is regained, told for 32 and 613."""
        self.answer(name, lambda: refused(Refusal(code, status=status), minutes), times)

    def server_error(self, name: str, times: int = 1) -> None:
        self.answer(name, lambda: refused(Refusal(1, status=500)), times)

    def not_an_object(self, name: str, times: int = 1) -> None:
        """A proxy's JSON with a good status: neither an answer nor an error."""
        self.answer(name, lambda: JSONResponse(["?"]), times)
