"""What happens on stage: shows and their hosts, the line-up, pins, drops and the picture.

A noun has one module of verbs: `shows`, `lineup`, `drops`, `hosts`, `presence`; `video/` turns an encoder's signal
into playlists. Nothing here knows who buys or who talks.
"""
