"""What films a show in a journey: ffmpeg, publishing over RTMP as OBS does."""

import subprocess

import imageio_ffmpeg

from tests.servers.web import Shop


class Encoder:
    """An encoder like OBS, as small as it gets: a test picture and a tone, over RTMP."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        picture = ["-re", "-f", "lavfi", "-i", "testsrc2=size=360x640:rate=25"]
        tone = ["-f", "lavfi", "-i", "sine=frequency=220:sample_rate=48000"]
        video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
        rate = ["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-b:v", "1500k", "-maxrate", "1500k"]
        sound = ["-bufsize", "1500k", "-c:a", "aac", "-b:a", "96k", "-f", "flv", self.address]
        self.child = subprocess.Popen(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *picture, *tone, *video, *rate, *sound]
        )

    def kill(self) -> None:
        if self.child:
            self.child.kill()
            self.child.wait()
            self.child = None


def encoder_of(shop: Shop, slug: str) -> Encoder:
    """The encoder of a show, with the address and the key that the Studio tells."""
    address = shop.shell(
        "from streams.models import Show; from streams.video.ingest import encoder_settings;"
        f"told = encoder_settings(Show.objects.get(slug='{slug}')); print(f'{{told.url}}/{{told.key}}')"
    ).strip()
    return Encoder(address)
