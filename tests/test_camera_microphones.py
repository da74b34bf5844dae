"""Which microphone is taken: out of what sound servers and ALSA say, told by tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera.microphones import Source, alsa_sources, choose, look, pulse_sources, server_address
from config.errors import CameraError

CARDS = """ 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 1 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 2 [sndrpigooglevoi]: RPi-simple - snd_rpi_googlevoicehat_soundcar
                      snd_rpi_googlevoicehat_soundcard
 3 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-0000:01:00.0-1.3, full speed
"""
PCM = """00-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
01-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
02-00: Google voiceHAT SoundCard HiFi voicehat-hifi-0 : : playback 1 : capture 1
03-00: USB Audio : USB Audio : playback 1 : capture 1
"""
HAT = Source("alsa", "plughw:CARD=sndrpigooglevoi,DEV=0", "snd_rpi_googlevoicehat_soundcar")
PNP = Source("alsa", "plughw:CARD=Device,DEV=0", "USB PnP Sound Device", usb=True)

BUILT_IN = Source("pulse", "alsa_input.platform-soc_sound.stereo", "Built-in Audio Stereo")
WEBCAM = Source("pulse", "alsa_input.usb-046d_HD_Pro_Webcam_C920-02.analog-stereo", "HD Pro Webcam C920", usb=True)
HDMI = Source("pulse", "alsa_output.platform-vc4-hdmi.monitor", "Monitor of HDMI", loudspeaker=True)
DUMMY = Source("pulse", "auto_null.monitor", "Monitor of Dummy Output", default=True, loudspeaker=True)
VIRTUAL = Source("pulse", "mic.monitor", "Monitor of Null Output", default=True)


def entry(name: str, description: str, monitor_of: str = "", **properties: str) -> dict[str, object]:
    about = {key.replace("_", "."): value for key, value in properties.items()}
    return {"name": name, "description": description, "monitor_source": monitor_of, "properties": about}


def test_what_alsa_tells() -> None:
    assert alsa_sources(CARDS, PCM) == (HAT, PNP)
    assert alsa_sources("--- no soundcards ---\n", "") == alsa_sources("", "") == ()


@pytest.mark.parametrize(
    ("told", "default", "source"),
    [
        (entry(BUILT_IN.name, BUILT_IN.label, device_bus="platform"), WEBCAM.name, BUILT_IN),
        (entry(WEBCAM.name, WEBCAM.label, device_bus="usb"), BUILT_IN.name, WEBCAM),
        # Where a machine has no microphone, its default is what its loudspeaker plays.
        (entry(HDMI.name, HDMI.label, HDMI.name[:-8], device_class="monitor"), DUMMY.name, HDMI),
        (entry(DUMMY.name, DUMMY.label, "auto_null", device_class="monitor"), DUMMY.name, DUMMY),
        # A sink without a card is a virtual microphone where somebody made it the default.
        (entry(VIRTUAL.name, VIRTUAL.label, "mic", device_class="monitor"), VIRTUAL.name, VIRTUAL),
        (
            entry("other.monitor", "Monitor of Other", "other", device_class="monitor"),
            VIRTUAL.name,
            Source("pulse", "other.monitor", "Monitor of Other", loudspeaker=True),
        ),
        (
            entry("echo", "Virtual", "", alsa_card="0", device_class="monitor"),
            "echo",
            Source("pulse", "echo", "Virtual", default=True, loudspeaker=True),
        ),
        ({"name": "bare"}, "", Source("pulse", "bare", "bare")),
    ],
)
def test_what_a_sound_server_tells(told: dict[str, object], default: str, source: Source) -> None:
    assert pulse_sources([told], default) == (source,)


DEFAULT_BUILT_IN = Source("pulse", BUILT_IN.name, BUILT_IN.label, default=True)


@pytest.mark.parametrize(
    ("sources", "wanted", "chosen"),
    [
        ([WEBCAM, DEFAULT_BUILT_IN], "auto", DEFAULT_BUILT_IN),  # the default one
        ([BUILT_IN, WEBCAM, DUMMY], "auto", WEBCAM),  # the first at USB
        ([HDMI, BUILT_IN], "auto", BUILT_IN),  # the first at all
        ([HDMI, VIRTUAL], "auto", VIRTUAL),
        ([HAT, PNP], "auto", PNP),
        ([HAT], "auto", HAT),
        ([HAT, PNP], HAT.name, HAT),
        ([HAT, PNP], "voicehat", HAT),
        ([DEFAULT_BUILT_IN, WEBCAM], "c920", WEBCAM),
        ([DEFAULT_BUILT_IN, WEBCAM], "hd pro webcam c920", WEBCAM),
        ([DEFAULT_BUILT_IN], "c920; auto", DEFAULT_BUILT_IN),
        ([DEFAULT_BUILT_IN, WEBCAM], "c920; auto", WEBCAM),
        ([HDMI, BUILT_IN], HDMI.name, HDMI),  # who wants it gets it
        ([Source("pulse", "a.monitor", "Monitor of Desk", loudspeaker=True), Source("pulse", "b", "Desk 2")], "desk",
         Source("pulse", "b", "Desk 2")),
        ([], "alsa:hw:1,0", Source("alsa", "hw:1,0", "hw:1,0")),
        ([], "pulse:mic", Source("pulse", "mic", "mic")),
    ],
)  # fmt: skip
def test_the_choice(sources: list[Source], wanted: str, chosen: Source) -> None:
    assert choose(sources, wanted) == chosen


@pytest.mark.parametrize(
    ("sources", "wanted", "message"),
    [
        ([], "auto", 'no microphone found; plug one in, or set microphone = "off"'),
        ([HDMI, DUMMY], "auto", "no microphone found"),
        ([HDMI, DUMMY], "c920", "no microphone found"),
        ([HDMI, BUILT_IN, WEBCAM], "x1", "no microphone is called 'x1'; there are: Built-in Audio Stereo, HD Pro Web"),
        ([BUILT_IN], ";", "no microphone is called ';'"),
    ],
)
def test_there_is_no_such_microphone(sources: list[Source], wanted: str, message: str) -> None:
    with pytest.raises(CameraError, match=message.replace("(", r"\(")):
        choose(sources, wanted)


@pytest.mark.parametrize(
    ("environ", "sockets", "address"),
    [
        ({}, [], ""),
        ({"PULSE_SERVER": "tcp:attic"}, ["/run/user/7/pulse/native"], "tcp:attic"),
        ({"XDG_RUNTIME_DIR": "/x"}, ["/x/pulse/native", "/run/user/7/pulse/native"], "unix:/x/pulse/native"),
        ({"XDG_RUNTIME_DIR": "/x"}, ["/run/user/7/pulse/native"], "unix:/run/user/7/pulse/native"),
        ({}, ["/run/user/7/pulse/native", "/run/pulse/native"], "unix:/run/user/7/pulse/native"),
        ({}, ["/run/pulse/native"], "unix:/run/pulse/native"),
    ],
)
def test_where_the_sound_server_listens(environ: dict[str, str], sockets: list[str], address: str) -> None:
    assert server_address(environ, 7, lambda path: str(path) in sockets) == address


def pactl(folder: Path, script: str) -> dict[str, str]:
    """An environment in which pactl is this script."""
    program = folder / "pactl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "PULSE_SERVER": "unix:/none"}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'Connection failure: Connection refused' >&2; exit 1", r"is away \(Connection failure: Connection ref"),
        ("echo '{'", "cannot be asked"),
        ("exec sleep 9", "does not answer"),
    ],
)
def test_a_sound_server_in_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str) -> None:
    environ = pactl(tmp_path, script)
    monkeypatch.setenv("PATH", environ["PATH"])
    monkeypatch.setattr("camera.microphones.ANSWER", 0.3)
    with pytest.raises(CameraError, match=f"the sound server {message}"):
        look(environ)


def test_without_pactl_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CameraError, match="pactl not found; install it with: sudo apt install pulseaudio-utils"):
        look({"PULSE_SERVER": "unix:/none"})
