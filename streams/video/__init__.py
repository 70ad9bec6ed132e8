"""The picture: an encoder's signal comes in by RTMP, ffmpeg cuts it, our own playlists offer it.

`rtmp` and `flv` are its bytes, `gate` lets encoders in, `packager` and `cutter` drive ffmpeg, `programme_clock` says
when a frame was made, `supervisor` keeps the show's state in step, `segments` and `playlist` turn files into what a
player loads, `recording` brings in what was filmed elsewhere, `ingest` has the keys, `ingest_log` tells of encoders.
"""
