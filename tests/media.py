"""Real footage for tests: H.264 or H.265 with AAC, made by ffmpeg, in segments as MediaMTX writes them.

One long encode is cut into files at key frames, so picture and sound go on without a gap from file to file.
In each file the timestamps restart at 0 with its oldest sample, which may be sound; it is fragmented, a part a second;
and the duration in its header stays 0 until it is finished. Encodes are cached for the test session.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av

from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream

_ENCODERS = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast"],
    "h265": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"],
}


_numbers = itertools.count()


@dataclass(frozen=True)
class Look:
    """What the footage shows and how it is encoded; times are in seconds from its start."""

    codec: str = "h264"
    audio: bool = True
    size: tuple[int, int] = (320, 180)
    fps: int = 25
    gop: float = 1.0  # seconds between key frames
    b_frames: int = 0
    motion: tuple[tuple[float, float], ...] = ()  # when a dark bird-sized blob crosses the picture
    noise: int = 0  # strength of the sensor noise, as ffmpeg's filter "noise" takes it
    grows: bool = False  # what crosses the picture comes near meanwhile, three times as large half-way
    counts: bool = False  # the whole picture is grey, 4 levels lighter each second, and dark again every 50 s


def write_segments(
    layout: Layout,
    stream: Stream,
    start: datetime,
    lengths: Sequence[float],
    *,
    codec: str = "h264",
    audio: bool | None = None,
    size: tuple[int, int] = (320, 180),
    fps: int | None = None,
    gop: float = 1.0,
    b_frames: int = 0,
    motion: Sequence[tuple[float, float]] = (),
    noise: int = 0,
    grows: bool = False,
    counts: bool = False,
    finished: bool = True,
    name_errors: Sequence[float] = (),
    sound_lead: float = 0.0,
) -> list[Segment]:
    """Write continuous segments of about these lengths (they end at key frames) and return them.

    The main stream has sound and 25 fps, the detect stream none and 5, where nothing else is said. With
    `finished=False` the last one is still being written. `name_errors` are seconds added to the names' times.
    By `sound_lead` seconds the sound reaches the recorder earlier than the picture: with MediaMTX, later segments then
    start that much earlier, with sound alone.
    """
    look = Look(
        codec,
        not stream.detect if audio is None else audio,
        size,
        fps or (5 if stream.detect else 25),
        gop,
        b_frames,
        tuple(motion),
        noise,
        grows,
        counts,
    )
    folder = layout.stream_dir(stream)
    folder.mkdir(parents=True, exist_ok=True)
    segments = []
    for index, piece in enumerate(_pieces(look, tuple(lengths), sound_lead)):
        error = name_errors[index] if index < len(name_errors) else 0.0
        segment = Segment(stream, start + timedelta(seconds=piece.offset + error))
        shutil.copy(piece.path, layout.segment_path(segment))
        if finished or index < len(lengths) - 1:
            set_movie_duration(layout.segment_path(segment), round(piece.duration * 1000))
        segments.append(segment)
    return segments


def set_movie_duration(path: Path, value: int) -> None:
    """Write the duration in the header (mvhd), in its own time scale; 0 is that of a file still being written."""
    with path.open("r+b") as file:
        at = file.read(64 * 1024).index(b"mvhd")
        file.seek(at + 4 + 16)  # version and flags, created, modified, time scale
        file.write(struct.pack(">I", value))


def make_mp4(path: Path, seconds: float, look: Look | None = None) -> Path:
    """An ordinary MP4 (not fragmented), as a phone or another program writes it."""
    shutil.copy(encode(look or Look(), seconds), path)
    return path


@functools.cache
def encode(look: Look, seconds: float) -> Path:
    """One ordinary MP4 with this look; cached, so never change it."""
    path = _new_path()
    width, height = look.size
    # A still garden of soft gradients, over which a blob moves where asked for.
    picture = (
        f"gradients=s={width}x{height}:r={look.fps}:c0=0x406030:c1=0x90a060:c2=0x608040:n=3:seed=7:speed=0.00001"
        f":d={seconds + 1}"
    )
    if look.counts:
        picture = f"color=s={width}x{height}:r={look.fps}:d={seconds + 1},geq=lum='16+4*mod(floor(T),50)':cb=128:cr=128"
    graph = f"{picture}[picture0]"
    for index, (begin, end) in enumerate(look.motion):
        blob = f"color=c=0x202018:s={width // 12}x{height // 10}:r={look.fps}:d={seconds + 1}"
        if look.grows:
            size = f"(1+2*max(0,sin(PI*(t-{begin})/{end - begin})))"
            blob += f",scale=w='{width // 12}*{size}':h='{height // 10}*{size}':eval=frame"
        blob += f"[blob{index}]"
        x = f"(t-{begin})/{end - begin}*(main_w-overlay_w)"
        y = f"main_h/3+main_h/8*sin(t*3+{index})"
        graph += f";{blob};[picture{index}][blob{index}]overlay=x='{x}':y='{y}':enable='gte(t,{begin})*lt(t,{end})'"
        graph += f"[picture{index + 1}]"
    last = f"[picture{len(look.motion)}]"
    graph += f";{last}noise=alls={look.noise}:allf=t,format=yuv420p[v]"
    gop = max(1, round(look.gop * look.fps))
    command = ["ffmpeg", "-v", "error", "-y", "-filter_complex", graph]
    if look.audio:  # a tone that rises, so that no two packets are the same
        command[1:1] = ["-f", "lavfi", "-i", "aevalsrc=0.3*sin(2*PI*(200+10*t)*t):sample_rate=48000"]
    command += ["-map", "[v]", *_ENCODERS[look.codec], "-g", str(gop), "-keyint_min", str(gop)]
    command += ["-sc_threshold", "0", "-bf", str(look.b_frames)]
    if look.codec == "h265":
        command += ["-x265-params", f"log-level=error:keyint={gop}:min-keyint={gop}:bframes={look.b_frames}:open-gop=0"]
    if look.audio:
        command += ["-map", "0:a", "-c:a", "aac", "-b:a", "64k"]
    subprocess.run([*command, "-t", str(seconds), "-video_track_timescale", "90000", path], check=True)
    return path


@dataclass(frozen=True)
class _Piece:
    path: Path
    offset: float  # seconds from the start of the encode to its oldest sample
    duration: float


@functools.cache
def _pieces(look: Look, lengths: tuple[float, ...], sound_lead: float) -> list[_Piece]:
    with av.open(str(encode(look, sum(lengths)))) as master:
        # By time of decoding, as a recorder receives them; without the AAC encoder's priming before 0.
        packets = [p for p in master.demux() if p.dts is not None and not (p.stream.type == "audio" and p.pts < 0)]
        packets.sort(key=lambda p: p.dts * p.time_base)
        bounds = _key_frames_after(packets, lengths)
        pieces = []
        for begin, end in itertools.pairwise([Fraction(-1), *bounds, Fraction(10**9)]):
            leads = {"video": Fraction(0), "audio": Fraction(sound_lead)}
            inside = [
                packet for packet in packets if begin <= packet.dts * packet.time_base + leads[packet.stream.type] < end
            ]
            pieces.append(_mux_piece(_new_path(), inside))
    return [replace(piece, offset=piece.offset - pieces[0].offset) for piece in pieces]


def _key_frames_after(packets: list[av.Packet], lengths: Sequence[float]) -> list[Fraction]:
    """The times at which all segments but the first begin."""
    bounds, wanted = [], 0.0
    for length in lengths[:-1]:
        wanted += length
        bounds.append(
            next(
                p.dts * p.time_base
                for p in packets
                if p.is_keyframe and p.stream.type == "video" and p.pts * p.time_base >= wanted - 1e-6
            )
        )
    return bounds


def _mux_piece(path: Path, packets: list[av.Packet]) -> _Piece:
    first = min(packet.dts * packet.time_base for packet in packets)
    end = max((packet.pts + packet.duration) * packet.time_base for packet in packets)
    options = {"movflags": "empty_moov+default_base_moof+skip_sidx+skip_trailer", "frag_duration": "1000000"}
    later = {}  # by track id: by how much it starts later than the file, in its own ticks
    with av.open(str(path), "w", format="mp4", options={**options, "use_editlist": "0"}) as out:
        streams, starts = {}, {}
        for source in dict.fromkeys(packet.stream for packet in packets):
            streams[source.index] = target = out.add_stream_from_template(source)
            target.time_base = source.time_base
            starts[source.index] = min(packet.dts for packet in packets if packet.stream is source)
            later[target.index + 1] = round(starts[source.index] - first / source.time_base)
        for packet in packets:
            # Muxing takes the packet over; others need the original.
            copy = av.Packet(bytes(packet))
            shift = starts[packet.stream.index]
            copy.pts, copy.dts, copy.duration = packet.pts - shift, packet.dts - shift, packet.duration
            copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
            copy.stream = streams[packet.stream.index]
            out.mux_one(copy)
    _start_later(path, later)
    return _Piece(path, float(first), float(end - first))


def _start_later(path: Path, later: dict[int, int]) -> None:
    """Move whole tracks, which ffmpeg always starts at 0: its files have no edit list to say otherwise."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tfhd")
    while at > 0:
        (track,) = struct.unpack_from(">I", data, at + 8)
        time = data.index(b"tfdt", at) + 8  # behind version and flags
        struct.pack_into(">Q", data, time, struct.unpack_from(">Q", data, time)[0] + later[track])
        at = data.find(b"tfhd", time)
    path.write_bytes(data)


def _new_path() -> Path:
    return _cache() / f"{next(_numbers)}.mp4"


@functools.cache
def _cache() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="birbcam-footage-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
