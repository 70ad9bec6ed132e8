"""Logs: one line an event, text for people or JSON for machines, UTC. No message text, token or card is ever logged."""

import logging.config
from typing import Any

import structlog


def logging_config(*, json: bool, debug: bool, level: str) -> None:
    """Send the standard library's and structlog's lines through the same formatter to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # The plain traceback: the rich one prints local variables, and among those are passwords and addresses.
    console = structlog.dev.ConsoleRenderer(colors=debug, exception_formatter=structlog.dev.plain_traceback)
    last = structlog.processors.JSONRenderer() if json else console
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        last,
                    ]
                    if json
                    else [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django.server": {"level": "WARNING"},
                "daphne": {"level": "WARNING"},
                # A line for each task that runs each second would bury the rest.
                "celery": {"level": "WARNING"},
                "botocore": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
