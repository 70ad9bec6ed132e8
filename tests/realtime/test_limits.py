from typing import Any

from livecommerce.realtime.limits import Buckets, Caps, Rate


def test_a_bucket_gives_its_burst_and_then_its_rate(monkeypatch: Any):
    now = 100.0
    monkeypatch.setattr("livecommerce.realtime.limits.time.monotonic", lambda: now)
    buckets = Buckets(Rate(burst=3, per_second=2))

    assert [buckets.take("ana") for _ in range(4)] == [0, 0, 0, 0.5]
    now += 0.5
    assert buckets.take("ana") == 0
    assert buckets.take("ben") == 0


def test_a_bucket_never_holds_more_than_its_burst(monkeypatch: Any):
    now = 100.0
    monkeypatch.setattr("livecommerce.realtime.limits.time.monotonic", lambda: now)
    buckets = Buckets(Rate(burst=2, per_second=1))
    buckets.take("ana")
    now += 1000

    assert [buckets.take("ana") == 0 for _ in range(3)] == [True, True, False]


def test_a_cap_lets_in_again_who_left():
    caps = Caps(2)

    assert [caps.enter("ana"), caps.enter("ana"), caps.enter("ana")] == [True, True, False]
    caps.leave("ana")
    assert caps.enter("ana")
