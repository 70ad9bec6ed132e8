"""The card's words: the same from the server and from the script that keeps them true."""

import json
import subprocess
from typing import Any

import pytest

from livecommerce.watch.card_view import Facts, card_view, ordinal
from livecommerce.watch.show_cards import Scene
from tests.servers.child import find_program
from tests.servers.web import ROOT
from tests.watch.card_cases import CASES, NOW, SCENES

# Modules of the page name each other as its import map does.
ASK_THE_SCRIPT = """
import { register } from "node:module";
const root = JSON.stringify(process.env.MODULES);
const resolve = `export const resolve = (name, context, next) => name.startsWith("lib/")
  ? { url: new URL(name + ".js", ${root}).href, shortCircuit: true } : next(name, context);`;
register("data:text/javascript," + encodeURIComponent(resolve));
globalThis.document = { documentElement: { lang: "en" } };
const { cardView } = await import("lib/card-view");
const { ShowModel } = await import("lib/show-model");
const { cases, scenes, now } = JSON.parse(await new Response(process.stdin).text());
const each = (asked, answer) => Object.fromEntries(Object.entries(asked).map(([name, one]) => [name, answer(one)]));
const order = (known) => new ShowModel(known).cards(now).map(({ item, drop }) => [item?.id ?? null, drop?.id ?? null]);
console.log(JSON.stringify({ views: each(cases, cardView), orders: each(scenes, order) }));
"""


def in_words(view: dict[str, Any]) -> dict[str, Any]:
    """What a viewer could tell apart: nothing, null and false are the same on the screen."""
    return {
        name: in_words(value) if isinstance(value, dict) else value
        for name, value in view.items()
        if value or value == 0
    }


@pytest.fixture(scope="module")
def by_script() -> dict[str, Any]:
    ran = subprocess.run(
        [find_program("node"), "--input-type=module", "-e", ASK_THE_SCRIPT],
        input=json.dumps({"cases": CASES, "scenes": {name: known for name, (known, _) in SCENES.items()}, "now": NOW}),
        env={"MODULES": f"{(ROOT / 'static' / 'js').as_uri()}/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    answers: dict[str, Any] = json.loads(ran.stdout)
    return answers


@pytest.mark.parametrize("name", CASES)
def test_server_and_script_say_the_same(name: str, by_script: dict[str, Any]):
    by_server = json.loads(json.dumps(card_view(Facts(**CASES[name]))))

    assert in_words(by_server) == in_words(by_script["views"][name])


@pytest.mark.parametrize(
    "name", [name for name in CASES if name.startswith(("announced", "paused", "sold", "over, no"))]
)
def test_the_lamp_is_off_when_nothing_can_be_bought(name: str):
    view = card_view(Facts(**CASES[name]))

    assert not view["lit"]
    assert view["button"]["act"] != "buy" or view["button"]["disabled"]


def test_an_announced_drop_opens_by_the_servers_clock_before_anyone_says_so():
    view = card_view(Facts(**CASES["opened by the clock, not told yet"]))

    assert view["state"] == "open"
    assert not view["button"]["disabled"]


def test_scarcity_is_told_in_full():
    view = card_view(Facts(**CASES["open"]))

    assert (view["left"], view["carts"], view["limit"]) == ("37 left", "12 in carts", "Max 2 per person")
    assert view["bar"] == {"sold": 31, "held": 12, "left": 37, "paused": False}
    assert view["back"] == CASES["open"]["stock"]["back_at"]


def test_no_price_is_struck_without_a_history():
    view = card_view(Facts(**CASES["open, no history"]))

    assert (view["earlier"], view["percent"], view["note"]) == ("", "", "")


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (113, "113th")]
)
def test_places_are_told_as_people_say_them(count: int, words: str):
    assert ordinal(count) == words


@pytest.mark.parametrize("name", SCENES)
def test_server_and_script_put_the_same_cards_first(name: str, by_script: dict[str, Any]):
    known, order = SCENES[name]
    state = {key.removeprefix("stock:"): value for key, value in known["stock"].items()}
    mine = {"holds": known["holds"], "places": known["queue"]}
    scene = Scene(
        slug="s", now=NOW, stock=state, **mine, **{key: known[key] for key in ("items", "drops", "pins", "sales")}
    )

    by_server = [(item and item["id"], drop and drop["id"]) for item, drop in scene.subjects()]

    assert by_server == order
    assert [tuple(pair) for pair in by_script["orders"][name]] == order
