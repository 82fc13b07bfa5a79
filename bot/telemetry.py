"""Logs and metrics: what happened, how long it took, and for whom only as a keyed hash. Never what a person wrote."""

import hashlib
import hmac
import logging
import secrets
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.types import Address

registry = CollectorRegistry()
messages_total = Counter("bot_messages_total", "messages answered", ["channel", "action", "language"], registry=registry)
replies_total = Counter("bot_replies_total", "replies, by how they ended", ["channel", "outcome"], registry=registry)
crises_total = Counter("bot_crises_total", "messages recognised as a crisis", ["channel", "kind"], registry=registry)
failures_total = Counter("bot_failures_total", "messages that could not be answered at the first try", ["channel"], registry=registry)
answer_seconds = Histogram(
    "bot_answer_seconds",
    "from reading a message to its replies",
    registry=registry,
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
waiting_messages = Gauge("bot_waiting_messages", "messages not answered yet", registry=registry)
waiting_replies = Gauge("bot_waiting_replies", "replies not delivered yet", registry=registry)

_key = bytearray(secrets.token_bytes(32))
_QUIET = ("httpx", "httpcore", "telegram", "alembic", "uvicorn.access", "rasa_sdk", "sanic", "aiosqlite", "asyncio")

# An answer that is no JSON stands whole in its ERROR line: a page that quotes the token, or what people wrote.
_SILENT = ("telegram.request",)


def configure(style: Literal["auto", "json", "text"], key: str = "", level: str = "INFO") -> None:
    """One log for everything, on standard error: readable on a terminal, JSON elsewhere."""
    if key:
        _key[:] = hashlib.sha256(key.encode()).digest()
    readable = on_terminal(style)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _only_the_type_of_errors,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if readable else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_texts_of_errors)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_first_line, *shared], processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    logging.raiseExceptions = False  # else a record that cannot be formatted is printed with its arguments
    root.setLevel(level)
    for name in _QUIET:  # httpx writes the bot's token into its INFO lines, sanic and rasa_sdk write bodies
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:  # whatever it says, the exception that follows is what we log
        logging.getLogger(name).setLevel(logging.CRITICAL)


def on_terminal(style: Literal["auto", "json", "text"]) -> bool:
    """Whether somebody reads along; else every line is JSON."""
    return style == "text" or (style == "auto" and sys.stderr.isatty())


def log(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def who(address: Address) -> str:
    """The same person has the same hash until the key changes; nobody can go back from it."""
    return hmac.new(_key, f"{address.channel}\0{address.person}".encode(), "sha256").hexdigest()[:12]


def where(error: BaseException) -> str:
    """Type and place of an error. Its text is left out: it may quote a person, a token or a URL."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    spot = f" at {'/'.join(Path(trace.tb_frame.f_code.co_filename).parts[-2:])}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{spot}"


def places_of(error: BaseException) -> list[str]:
    """A traceback without the texts of the errors, the last call at the end of each part."""
    lines = [line.rstrip("\n") for line in traceback.format_tb(error.__traceback__)] + [where(error)]
    for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        lines += places_of(part)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ([*places_of(cause), ""] if cause else []) + lines


def _without_texts_of_errors(record: logging.LogRecord) -> bool:
    """A filter that lets every record pass, after replacing errors among its arguments."""
    if isinstance(record.args, tuple):
        record.args = tuple(where(value) if isinstance(value, BaseException) else value for value in record.args)
    return True


def _first_line(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """asyncio writes a failed task, and so the text of its error, below the first line of its message."""
    record["event"] = str(record["event"]).partition("\n")[0]
    return record


def _only_the_type_of_errors(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Libraries log tracebacks; a traceback may hold what a person wrote."""
    info = record.pop("exc_info", None)
    if info:
        error = info if isinstance(info, BaseException) else sys.exc_info()[1] if info is True else info[1]
        if error is not None:
            record["error"] = where(error)
    return record
