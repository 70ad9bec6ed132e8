"""The packager on its own: takes encoders' signals and cuts them. Embedded, `serve` has it in a thread."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from livecommerce.safe_mode import picture_calls
from streams.video.supervisor import Supervisor


class Command(BaseCommand):
    help = "Receive encoders over RTMP and cut their picture into segments, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(follow_pictures())


async def follow_pictures() -> None:
    """Run the supervisor until this process is asked to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await Supervisor(picture_calls()).run(stop)
