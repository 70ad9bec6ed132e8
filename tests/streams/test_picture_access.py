"""Who may load which list and which file, and how long it may be kept."""

import gzip
from datetime import timedelta

import pytest
from django.core.cache import cache

from streams import shows, views
from streams.models import PackRun, Segment, Show
from streams.video.segments import public_folder, rehearsal_folder

pytestmark = pytest.mark.django_db

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _fresh_lists(settings, tmp_path):
    settings.LIVE_ROOT = tmp_path
    views._cached.clear()
    views._remembered.cache_clear()
    cache.clear()


@pytest.fixture
def film(show, now):
    """`film(rehearsal=True)`: one segment of the show, as row and file."""

    def make(*, rehearsal: bool) -> str:
        run, _ = PackRun.objects.get_or_create(show=show, token=TOKEN, defaults={"mode": "copy", "started_at": now})
        seq = Segment.objects.filter(show=show).count()
        name = f"{seq}-abc.m4s"
        Segment.objects.create(
            show=show,
            run=run,
            seq=seq,
            programme_at=now + timedelta(seconds=2 * seq),
            duration_ms=2000,
            size=4,
            name=name,
            init_name="init-abc.mp4",
            rehearsal=rehearsal,
        )
        folder = (rehearsal_folder if rehearsal else public_folder)(TOKEN)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"film")
        return f"/live/{show.slug}/{TOKEN}/{name}"

    return make


def move(show: Show, state: str, now) -> None:
    Show.objects.filter(pk=show.pk).update(state=state, live_started_at=now, ended_at=now)


def test_a_live_list_is_kept_a_second_and_its_files_for_ever(show, film, client, now):
    address = film(rehearsal=False)
    move(show, "live", now)

    playlist, part = client.get(f"/live/{show.slug}/live.m3u8"), client.get(address)

    assert playlist.status_code == part.status_code == 200
    assert playlist["Content-Type"] == "application/vnd.apple.mpegurl"
    assert playlist["Cache-Control"] == "public, max-age=1"
    assert part["Content-Type"] == "video/mp4"
    assert "immutable" in part["Cache-Control"]
    assert playlist["Access-Control-Allow-Origin"] == part["Access-Control-Allow-Origin"] == "*"
    assert part.content == b"film"
    assert "ENDLIST" not in playlist.content.decode()


def test_lists_come_compressed_to_those_who_can_read_it(show, film, client, now):
    film(rehearsal=False)
    move(show, "live", now)

    packed = client.get(f"/live/{show.slug}/live.m3u8", headers={"accept-encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == client.get(f"/live/{show.slug}/live.m3u8").content


@pytest.mark.parametrize("state", ["draft", "scheduled", "rehearsal", "archived", "cancelled"])
@pytest.mark.parametrize("kind", ["live", "dvr", "vod"])
def test_there_is_nothing_to_see_before_and_long_after_a_show(show, film, client, now, state, kind):
    film(rehearsal=False)
    move(show, state, now)

    assert client.get(f"/live/{show.slug}/{kind}.m3u8").status_code == 404


def test_an_ended_show_ends_its_live_list_and_has_a_replay(show, film, client, now):
    film(rehearsal=False)
    move(show, "ended", now)

    assert client.get(f"/live/{show.slug}/live.m3u8").content.decode().endswith("#EXT-X-ENDLIST\n")
    replay = client.get(f"/live/{show.slug}/vod.m3u8").content.decode()
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in replay
    assert replay.endswith("#EXT-X-ENDLIST\n")


def test_a_rehearsal_is_for_the_team_alone(show, film, client, client_of, host, moderator, outsider, viewer, now):
    address = film(rehearsal=True)
    shows.open_rehearsal(show=show, actor=None, now=now)
    list_address = f"/live/{show.slug}/preview.m3u8"

    for member in (host.user, moderator):
        team = client_of(member)
        assert team.get(list_address).status_code == 200
        assert team.get(address).content == b"film"
        assert "private" in team.get(address)["Cache-Control"]
    for stranger in (client, client_of(outsider), client_of(viewer)):
        assert stranger.get(list_address).status_code == 404
        assert stranger.get(address).status_code == 404


def test_the_team_of_one_show_sees_no_rehearsal_of_another(show, film, client_of, rival_brand, make_user, now):
    address = film(rehearsal=True)
    host = make_user("Aiko Tanaka")
    from streams.hosts import introduce_host

    other = shows.schedule_show(
        brand=rival_brand,
        host=introduce_host(user=host, handle="aiko", name="Aiko"),
        title="Sound",
        slug="sound",
        starts_at=now,
        actor=host,
        now=now,
    )

    assert client_of(host).get(address.replace(show.slug, other.slug)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        f"/live/winter-table/{TOKEN}/..%2f..%2fsecret.m4s",
        f"/live/winter-table/{TOKEN}/0-zzz.m4s",
        "/live/winter-table/../../etc/passwd",
        "/live/no-such-show/live.m3u8",
        f"/live/no-such-show/{TOKEN}/0-abc.m4s",
    ],
)
def test_names_that_are_not_ours_lead_nowhere(show, client, path):
    assert client.get(path).status_code == 404


def test_a_list_costs_a_process_two_queries_for_any_number_of_players(
    show, film, client, now, django_assert_max_num_queries
):
    film(rehearsal=False)
    move(show, "live", now)

    with django_assert_max_num_queries(4):
        for _ in range(20):
            assert client.get(f"/live/{show.slug}/live.m3u8").status_code == 200
