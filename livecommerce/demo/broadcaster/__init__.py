"""The synthetic show: an encoder like any other, for people without a camera and for tests.

It publishes over RTMP with the show's own key: the drawn set with a moving camera that cuts between two shots, a host
who talks and blinks, an insert of what is pinned, a wall clock, voice-like sound and the stripe clock of `stage`.
`python -m livecommerce.demo.broadcaster rtmp://127.0.0.1:1935/live/<key>` runs it on its own.
"""
