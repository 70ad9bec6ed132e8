import json
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from livecommerce.realtime import protocol
from livecommerce.realtime.protocol import BadCommand, PlaceHold, UnknownCommand, parse_command

ROOT = Path(__file__).parent.parent.parent


def twin() -> dict[str, dict[str, object]]:
    """What static/js/protocol.js exports."""
    code = f"import * as twin from '{ROOT}/static/js/protocol.js'; console.log(JSON.stringify(twin))"
    ran = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    found: dict[str, dict[str, object]] = json.loads(ran.stdout)
    return found


def test_the_browser_knows_the_same_wire():
    javascript = twin()

    def names(cls: type) -> list[str]:
        return [field.name for field in fields(cls)]

    assert javascript["EVENTS"] == {
        name: {"policy": event.policy, "fields": names(event)} for name, event in protocol.EVENTS.items()
    }
    assert javascript["PRIVATE_NEWS"] == {name: names(news) for name, news in protocol.PRIVATE_NEWS.items()}
    assert javascript["STUDIO_NEWS"] == {name: names(news) for name, news in protocol.STUDIO_NEWS.items()}
    assert javascript["COMMANDS"] == {name: names(command) for name, command in protocol.COMMANDS.items()}
    assert javascript["CLOSE"] == {
        name.removeprefix("CLOSE_"): code for name, code in vars(protocol).items() if name.startswith("CLOSE_")
    }


@pytest.mark.parametrize("name", [*protocol.EVENTS, *protocol.PRIVATE_NEWS, *protocol.STUDIO_NEWS])
def test_news_are_facts_in_the_past_tense(name: str):
    noun, _, verb = name.partition(".")

    assert noun.isalpha()
    assert verb.endswith(("ed", "live", "out", "paid", "taken", "drawn")), name


@pytest.mark.parametrize("event", protocol.EVENTS.values())
def test_every_event_names_its_audience(event: type):
    assert (event.__doc__ or "").startswith("To everyone in the show")


def test_a_command_is_read_with_its_defaults():
    command = parse_command({"type": "hold.place", "id": "c1", "drop": 12, "key": "k"})

    assert command == PlaceHold(drop=12, key="k", quantity=1)


def test_every_wrong_field_is_named_at_once():
    frame = {"type": "hold.place", "drop": "12", "quantity": True, "colour": "sage"}

    with pytest.raises(BadCommand) as refused:
        parse_command(frame)

    assert set(refused.value.fields) == {"drop", "quantity", "colour", "key"}


@pytest.mark.parametrize("frame", [{}, {"type": "hold.steal"}, {"type": 5}, {"type": ["hold.place"]}])
def test_an_unknown_command_is_refused(frame: dict[str, object]):
    with pytest.raises(UnknownCommand):
        parse_command(frame)


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), 1.5, "1", None, [], {}, True],
    ids=["huge", "deep", "float", "text", "null", "list", "object", "bool"],
)
def test_a_whole_number_is_a_whole_number(value: object):
    with pytest.raises(BadCommand):
        parse_command({"type": "hold.extend", "hold": value})


def test_a_text_of_the_length_of_a_novel_is_refused():
    with pytest.raises(BadCommand):
        parse_command({"type": "message.post", "text": "a" * 1001, "key": "k"})
