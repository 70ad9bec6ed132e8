"""The picture: an encoder's signal comes in by RTMP, ffmpeg cuts it, our own playlists offer it.

`rtmp` speaks the protocol, `gate` lets encoders in, `packer` drives ffmpeg, `supervisor` keeps the show's state in step,
`segments` and `playlist` turn files into what a player loads, `recording` keeps it, `health` puts it into words.
"""
