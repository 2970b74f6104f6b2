"""Logging: a line a thing, readable or as JSON, each with its request's correlation id and trace."""

from __future__ import annotations

import logging
import sys
import time
from textwrap import indent
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

from shared.kit.printing import printable
from shared.platform import context
from shared.platform.settings import Settings


class _Lines(logging.Formatter):
    """Text: what a record says stays on its line, and the stack of its error below it is set in, so that nobody's words pass for a line of ours."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        return printable(super().formatMessage(record), lines=False)

    def formatException(  # noqa: N802 (logging's name)
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return indent(printable(super().formatException(ei)), "    ")


def _add_context(record: logging.LogRecord) -> bool:
    here = context.current()
    record.correlation_id = here.correlation_id
    if here.traceparent:
        _version, record.trace_id, record.span_id, *_ = here.traceparent.split("-")
    return True


def set_up_logging(settings: Settings, service: str) -> None:
    """To standard error. LOG_FORMAT=json for machines."""
    handler = logging.StreamHandler(sys.stderr)
    if settings.log_format == "json":
        # What the filter puts on a record beyond these is added by the formatter where it is there.
        names = "%(asctime)s %(levelname)s %(name)s %(message)s %(correlation_id)s"
        formatter = JsonFormatter(names, static_fields={"service": service}, rename_fields={"asctime": "time", "levelname": "level"})
        formatter.converter, formatter.default_time_format, formatter.default_msec_format = time.gmtime, "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"  # RFC 3339
        handler.setFormatter(formatter)
    else:
        handler.setFormatter(_Lines(f"%(asctime)s %(levelname)-7s {service} %(name)s: %(message)s"))
    handler.addFilter(_add_context)
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("amqp").setLevel(logging.WARNING)
    logging.getLogger("nameko").setLevel(logging.WARNING)
