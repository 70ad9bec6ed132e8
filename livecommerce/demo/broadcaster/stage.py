"""The stage: what ffmpeg draws and says, as one command line. No file or row is read here but the drawings.

The stripe clock is twelve boxes of 60 x 8 pixels at the bottom edge; box K is white while bit K of the tenths of a
second since 1970 is set: tests read a frame's moment from it.
"""

from __future__ import annotations

from pathlib import Path

from livecommerce.demo.broadcaster.art import INSERT_SIZE, Look, clock_font, drawn
from streams.video.ffmpeg import ffmpeg_path

WIDTH, HEIGHT, RATE = 720, 1280, 25
STRIPES, STRIPE_WIDTH, STRIPE_HEIGHT = 12, 60, 8
SHOT_SECONDS = 14
# Widths of the drawn set: a wide shot and a close one, with how far each sways and how high it looks.
SHOTS, SWAYS = (864, 1224), ((0.3, 0.16), (0.2, 0.22))
LOOKS: tuple[Look, ...] = ("smile", "talk", "blink")
# What changes while ffmpeg runs, as one picture per frame: the insert, and the stripes in a row below it.
MOMENT_SIZE = (INSERT_SIZE, INSERT_SIZE + 1)

_SPEAKING = "gt(sin(2*PI*t/3.7+sin(0.5*t)),-0.7)"
_TALKS = f"gt(abs(sin(PI*4.1*t+0.9*sin(1.7*t))),0.6)*{_SPEAKING}"
_BLINKS = "lt(mod(t+sin(floor(t/4)),4.3),0.13)"
# Speech without words: harmonics of a voice of some 190 Hz under two wandering formants, in syllables and phrases.
_HARMONICS = "+".join(
    f"sin({k}*ld(0))*(exp(-pow(({k * 190}-ld(1))/160,2))+0.5*exp(-pow(({k * 190}-ld(2))/260,2)))" for k in range(1, 13)
)
_VOICE = (
    "st(0,2*PI*190*t+9*sin(2*PI*0.37*t)+3*sin(2*PI*1.1*t));"
    "st(1,480+230*sin(2*PI*1.9*t+sin(t)));st(2,1500+600*sin(2*PI*1.3*t+2*sin(0.7*t)));"
    f"st(3,pow(abs(sin(PI*4.1*t+0.9*sin(1.7*t))),1.3)*{_SPEAKING});"
    f"0.16*ld(3)*({_HARMONICS})+0.002*(random(4)-0.5)"
)


def stage_command(*, art: str, folder: Path, seconds: float | None = None) -> list[str]:
    """ffmpeg's arguments up to the output; it reads one raw moment (see `art.moment_of`) per frame from standard input.

    Each frame has the time at which its moment came in: an encoder that is short of a processor drops frames and never
    falls behind the real clock. With `seconds` it renders so much of one moment as fast as it can.
    """
    command = [ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-nostats"]
    for width in SHOTS:
        for look in LOOKS:
            shot = drawn(art, width=width, height=round(HEIGHT * 1.2), look=look)
            command += ["-i", str(shot)] if shot else ["-f", "lavfi", "-i", f"color=c=0x2f4f49:s={width}x2640:r=1:d=1"]
    live = ["-use_wallclock_as_timestamps", "1"] if seconds is None else []
    size = f"{MOMENT_SIZE[0]}x{MOMENT_SIZE[1]}"
    command += [*live, "-f", "rawvideo", "-pixel_format", "rgba", "-video_size", size, "-framerate", str(RATE)]
    command += ["-i", "pipe:0", "-filter_complex_threads", "1"]
    command += ["-filter_complex", _picture_graph(folder, repeat=seconds is not None)]
    command += ["-map", "[picture]", "-map", "[voice]", *(["-t", str(seconds)] if seconds else [])]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "main"]
    command += ["-threads", "1", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-fps_mode:v", "vfr"]
    # By time and not by count, for frames may be missing.
    command += ["-g", "250", "-force_key_frames", "expr:gte(t,n_forced*2)"]
    command += ["-b:v", "1500k", "-maxrate", "1800k", "-bufsize", "1800k"]
    return [*command, "-c:a", "aac", "-b:a", "64k", "-ar", "48000", "-ac", "2"]


def _picture_graph(folder: Path, *, repeat: bool) -> str:
    """Two shots of one set, swaying as if held by hand, a face that talks and blinks; insert, clock and stripes.

    Everything lies over the moments' own frames, so nothing is drawn for a frame that is missing.
    """
    moments = f"{len(SHOTS) * len(LOOKS)}:v"
    again = f"loop=loop=-1:size=1:start=0,setpts=N/{RATE}/TB," if repeat else ""
    chains = [
        f"[{moments}]{again}split=3[base][moment][row]",
        f"[base]format=yuv420p,pad={WIDTH}:{HEIGHT}[set]",
        f"[moment]crop={INSERT_SIZE}:{INSERT_SIZE}:0:0[insert]",
        f"[row]crop={STRIPES}:1:0:{INSERT_SIZE},scale={STRIPES * STRIPE_WIDTH}:{STRIPE_HEIGHT}:flags=neighbor[stripes]",
    ]
    still = f"loop=loop=-1:size=1:start=0,setpts=N/{RATE}/TB"
    for shot, (sway, height) in enumerate(SWAYS):
        for number, when in enumerate(("1", _TALKS, _BLINKS)):
            at = f"x='(iw-ow)/2*(1+{sway}*sin(t*0.31))':y='(ih-oh)*({height}+0.02*sin(t*0.43))'"
            source = shot * len(LOOKS) + number
            seen = f"eq(gte(mod(t,{2 * SHOT_SECONDS}),{SHOT_SECONDS}),{shot})*{when}"
            chains.append(f"[{source}:v]format=yuv420p,{still},crop={WIDTH}:{HEIGHT}:{at}[look{source}]")
            chains.append(f"[set][look{source}]overlay=format=yuv420:shortest=1:enable='{seen}'[set]")
    font = str(clock_font(folder)).replace(":", r"\:")
    chains += [
        "[set][insert]overlay=x=72:y='258+8*sin(t*1.4)':format=yuv420:shortest=1[set]",
        f"[set][stripes]overlay=y={HEIGHT - STRIPE_HEIGHT}:format=yuv420:shortest=1[set]",
        f"[set]drawtext=fontfile='{font}':text='%{{localtime\\:%H\\\\\\:%M\\\\\\:%S}}':x=84:y=200:fontsize=28"
        ":fontcolor=white:box=1:boxcolor=black@0.45:boxborderw=12[picture]",
        # The voice has no clock of its own: it follows the picture, which follows the real one.
        f"aevalsrc='{_VOICE}':s=16000:c=mono[voice]",
    ]
    return ";".join(chains)
