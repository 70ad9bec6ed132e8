"""ffmpeg: where it is and how it is called. It only cuts; playlists, names and retention are ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import imageio_ffmpeg

Mode = Literal["copy", "transcode"]

SEGMENT_SECONDS = 2
# ffmpeg cuts at the first key frame at or after this; a little under the target, as timestamps are rounded.
CUT_AFTER_SECONDS = 1.9
LONGEST_SEGMENT_SECONDS = 2.45
PLAYLIST = "run.m3u8"
INIT = "init.mp4"


@cache
def ffmpeg_path() -> str:
    """The binary of the imageio-ffmpeg wheel, or the one IMAGEIO_FFMPEG_EXE names."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def can_copy(gop_seconds: float) -> bool:
    """Whether the encoder's own key frames allow cuts of two seconds: the first one past the cut comes soon enough."""
    if gop_seconds <= 0:
        return False
    multiples = -(-CUT_AFTER_SECONDS // gop_seconds)
    return multiples * gop_seconds <= LONGEST_SEGMENT_SECONDS


def packing_command(*, mode: Mode, has_audio: bool, landscape: bool, folder: Path) -> list[str]:
    """Read FLV from standard input, write fMP4 segments and a short list of them into `folder`."""
    command = [ffmpeg_path(), "-hide_banner", "-loglevel", "level+warning", "-nostats", "-progress", "pipe:1"]
    command += ["-fflags", "+genpts", "-analyzeduration", "500000", "-f", "flv", "-i", "pipe:0"]
    if not has_audio:
        # Every run has the same tracks, or players stall where runs meet.
        command += ["-f", "lavfi", "-i", "anullsrc=channel_layout=stereo:sample_rate=48000", "-shortest"]
    command += ["-map", "0:v:0", "-map", "0:a:0" if has_audio else "1:a:0"]
    command += _video(mode, landscape=landscape) + _audio(mode, has_audio=has_audio)
    command += ["-f", "hls", "-hls_time", str(CUT_AFTER_SECONDS), "-hls_list_size", "8", "-hls_segment_type", "fmp4"]
    command += ["-hls_fmp4_init_filename", INIT, "-hls_segment_filename", str(folder / "%06d.m4s")]
    command += ["-hls_flags", "independent_segments+temp_file+omit_endlist", str(folder / PLAYLIST)]
    return command


def _video(mode: Mode, *, landscape: bool) -> list[str]:
    if mode == "copy":
        return ["-c:v", "copy"]
    size = "1280:720" if landscape else "720:1280"
    fit = f"scale={size}:force_original_aspect_ratio=decrease:force_divisible_by=2,pad={size}:-1:-1,setsar=1,fps=30"
    return [
        *("-vf", fit, "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "main"),
        *("-pix_fmt", "yuv420p", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"),
        *("-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})"),
        *("-b:v", "2400k", "-maxrate", "2540k", "-bufsize", "2880k"),
    ]


def _audio(mode: Mode, *, has_audio: bool) -> list[str]:
    if mode == "copy" and has_audio:
        return ["-c:a", "copy"]
    return ["-c:a", "aac", "-b:a", "96k", "-ar", "48000", "-ac", "2", "-af", "aresample=async=1000"]
