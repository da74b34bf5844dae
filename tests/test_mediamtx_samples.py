"""What our own look into a segment finds is what FFmpeg finds, or it leaves the file to FFmpeg."""

from __future__ import annotations

import random
from pathlib import Path

import av
import pytest
from yard import DETECT, MAIN, T

import media
from config.errors import SegmentError
from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.mp4 import open_whole
from mediamtx.samples import open_video

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


def by_ffmpeg(path: Path) -> list[tuple[int, int, bool, bytes]]:
    with open_whole(path) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        return [(packet.pts, packet.duration, packet.is_keyframe, bytes(packet)) for packet in packets]


def by_us(path: Path) -> list[tuple[int, int, bool, bytes]]:
    with open_video(path) as video:
        assert video is not None
        return [(sample.pts, sample.duration, sample.key, video.read(sample)) for sample in video.samples]


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("lead", [0.0, 0.3])
def test_the_same_samples_as_ffmpeg(layout: Layout, codec: str, b_frames: int, lead: float) -> None:
    segments = media.write_segments(layout, MAIN, T, [4, 3], codec=codec, b_frames=b_frames, sound_lead=lead)
    for segment in segments:
        path = layout.segment_path(segment)
        assert by_us(path) == by_ffmpeg(path) != []
        with open_video(path) as video, av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert video is not None and video.codec == stream.codec_context.name
            assert video.extradata == stream.codec_context.extradata and 1 / stream.time_base == video.ticks


@pytest.mark.parametrize("movflags", ["empty_moov", "empty_moov+omit_tfhd_offset", "empty_moov+default_base_moof"])
def test_every_way_to_say_where_the_data_lies(layout: Layout, tmp_path: Path, movflags: str) -> None:
    (segment,) = media.write_segments(layout, MAIN, T, [5])
    path = tmp_path / "other.mp4"
    options = {"movflags": movflags, "use_editlist": "0", "frag_duration": "700000"}
    with open_whole(layout.segment_path(segment)) as source, av.open(str(path), "w", options=options) as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    assert by_us(path) == by_ffmpeg(path) != []


def test_one_that_is_being_written_as_far_as_it_is_whole(layout: Layout, tmp_path: Path) -> None:
    (segment,) = media.write_segments(layout, MAIN, T, [5], finished=False)
    data = layout.segment_path(segment).read_bytes()
    path = tmp_path / "torn.mp4"
    for length in range(2000, len(data), len(data) // 37):
        path.write_bytes(data[:length])
        assert by_us(path) == by_ffmpeg(path)


def test_what_no_recorder_writes_is_left_to_ffmpeg(tmp_path: Path) -> None:
    plain = media.make_mp4(tmp_path / "plain.mp4", 2)
    edited, sound, cut = tmp_path / "edited.mp4", tmp_path / "sound.mp4", tmp_path / "cut.mp4"
    with av.open(str(plain)) as source:
        for path, flags, wanted in ((edited, "delay_moov", ("video",)), (sound, "empty_moov", ("audio",))):
            source.seek(0)
            with av.open(str(path), "w", options={"movflags": flags + "+frag_keyframe"}) as out:
                streams = {s.index: out.add_stream_from_template(s) for s in source.streams if s.type in wanted}
                for packet in source.demux(*[source.streams[index] for index in streams]):
                    if packet.dts is not None:
                        packet.stream = streams[packet.stream.index]
                        if path == edited:
                            packet.dts -= 3600
                        out.mux(packet)
    cut.write_bytes(plain.read_bytes()[:100])
    for path in (plain, edited, sound, cut):
        with open_video(path) as video:
            assert video is None
    with pytest.raises(SegmentError, match="cannot be opened"), open_video(tmp_path / "none.mp4"):
        pass


def test_damage_anywhere_raises_nothing(layout: Layout, tmp_path: Path) -> None:
    (segment,) = media.write_segments(layout, DETECT, T, [3])
    whole = layout.segment_path(segment).read_bytes()
    chance = random.Random(4)
    path = tmp_path / "damaged.mp4"
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 5, 50])):
            data[chance.randrange(chance.choice([1500, len(data)]))] = chance.randrange(256)
        path.write_bytes(data)
        with open_video(path) as video:
            if video is not None:
                assert all(len(video.read(sample)) == sample.size for sample in video.samples)
