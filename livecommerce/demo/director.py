"""The director: runs the demo's show as Noor would, through the Studio's API.

Goes live when the picture is there, moves through the line-up and starts a drop every few minutes. A person who signs
in as the host can act beside it at any moment: the director looks at what is pinned and running before it acts.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from livecommerce.demo import story
from livecommerce.demo.outside import Declined, Outside

LOOK_SECONDS = 1.0
FRESH = timedelta(seconds=30)
FIRST_SEGMENTS = 3
PICTURE_SECONDS_MAX = 150
ITEM_SECONDS = 75
DROP_COUNTDOWN_SECONDS, DROP_WINDOW_SECONDS = 30, 100
RUNNING = {"announced", "open", "paused", "sold_out"}
FIRST_DROP_COUNTDOWN_SECONDS = 90

log = structlog.get_logger(__name__)


class NoPicture(Exception):
    """The picture did not come; the message says what was seen instead."""


async def open_the_show(host: Outside, *, slug: str) -> None:
    """Wait for the encoder, go live, and wait until viewers have something to play.

    :raises NoPicture: nothing came in time.
    """
    state = ""
    for _ in range(int(PICTURE_SECONDS_MAX / LOOK_SECONDS)):
        state = (await host.get(f"shows/{slug}"))["state"]
        if state == "live" and _plays(await host.text(f"live/{slug}/live.m3u8")):
            return
        if state == "rehearsal":
            try:
                await host.post(f"studio/shows/{slug}/go-live", {})
            except Declined as refused:
                log.info("not_live_yet", why=str(refused))
        await asyncio.sleep(LOOK_SECONDS)
    raise NoPicture(f"the show is still {state}")


def _plays(playlist: str) -> bool:
    """Whether there are segments to begin with, and the newest are of now and not of an earlier start of the demo."""
    moments = [line.partition(":")[2] for line in playlist.splitlines() if line.startswith("#EXT-X-PROGRAM-DATE-TIME")]
    if playlist.count("#EXTINF") < FIRST_SEGMENTS or not moments:
        return False
    return datetime.now(UTC) - datetime.fromisoformat(moments[-1]) < FRESH


async def begin_selling(host: Outside, *, slug: str) -> None:
    """Pin the first thing, announce the first drop and drop the codes: what a visitor of the demo sees at once."""
    items = await _lineup(host, slug)
    await _pin(host, slug, items[0], await _pinned(host, slug))
    await _drop(host, slug, items, turn=0, opens_in=FIRST_DROP_COUNTDOWN_SECONDS)
    for code in story.CODES:
        await _try(host, f"studio/shows/{slug}/codes", {"code": code})


async def run_the_show(host: Outside, *, slug: str) -> None:
    """Go through the line-up over and over, with a drop at each turn, until cancelled."""
    turn = 0
    while True:
        await asyncio.sleep(ITEM_SECONDS)
        turn += 1
        try:
            items, pinned = await _lineup(host, slug), await _pinned(host, slug)
            await _pin(host, slug, items[turn % len(items)], pinned)
            if turn % 2 == 0:
                await _drop(host, slug, items, turn=turn // 2, opens_in=DROP_COUNTDOWN_SECONDS)
        except (Declined, OSError) as refused:
            log.info("director_waits", why=str(refused))


async def _lineup(host: Outside, slug: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await host.get(f"shows/{slug}"))["lineup"]
    return items


async def _pinned(host: Outside, slug: str) -> list[int]:
    pins = (await host.get(f"shows/{slug}/snapshot"))["state"].get("pins", [0, {"items": []}])
    return [item["id"] for item in pins[1]["items"]]


async def _drop_runs(host: Outside, slug: str) -> bool:
    state = (await host.get(f"shows/{slug}/snapshot"))["state"]
    return any(key.startswith("drop:") and value["state"] in RUNNING for key, (_, value) in state.items())


async def _pin(host: Outside, slug: str, item: dict[str, Any], pinned: list[int]) -> None:
    """Put the next thing on the picture and take the ones before it off."""
    for earlier in pinned:
        if earlier != item["id"]:
            await host.delete(f"studio/shows/{slug}/pins/{earlier}")
    if item["id"] not in pinned:
        await host.post(f"studio/shows/{slug}/pins", {"item": item["id"]})


async def _drop(host: Outside, slug: str, items: list[dict[str, Any]], *, turn: int, opens_in: int) -> None:
    """Announce the next drop of the line-up; one that runs already is let run."""
    if await _drop_runs(host, slug):
        return
    product, (price, units) = list(story.DROPS.items())[turn % len(story.DROPS)]
    item = items[[key for key, *_ in story.LINEUP].index(product)]
    variants = [variant["id"] for variant in item["variants"] if variant["left"] > units][:2]
    if not variants:
        return
    body = {
        "items": [{"variant": variant, "units": units // len(variants)} for variant in variants],
        "price": {"amount": price, "currency": "EUR"},
        "per_buyer": 2,
        "opens_in": opens_in,
        "window": DROP_WINDOW_SECONDS,
    }
    await _try(host, f"studio/shows/{slug}/drops", body)


async def _try(host: Outside, address: str, body: dict[str, Any]) -> None:
    try:
        await host.post(address, body)
    except Declined as refused:
        log.info("not_now", what=address, why=str(refused))
