"""Broadcast to one address until SIGTERM, or until whoever started this is gone."""

import os
import signal
import sys
import threading

import django


def main(publish_to: str) -> None:
    """:raises SystemExit: the address names no show."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livecommerce.settings")
    django.setup()
    from livecommerce.demo.broadcaster.encoder import Broadcaster
    from streams.video.ingest import show_for_key

    show = show_for_key(publish_to.rpartition("/")[2])
    if show is None:
        raise SystemExit("this address has no valid stream key")
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    parent = os.getppid()
    broadcaster = Broadcaster(show, publish_to=publish_to)
    broadcaster.start()
    while not stop.wait(1.0) and os.getppid() == parent:
        pass
    broadcaster.stop()


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the name and the address
        raise SystemExit(__doc__)
    main(sys.argv[1])
