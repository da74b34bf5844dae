"""The plan of an installation: pure decisions from what was found and what was asked for."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import ConfigError, InstallError
from config.load import load_settings
from config.settings import CameraSettings, RecorderSettings, Settings, WebSettings
from launcher.install import _fresh, check_hidden, running_again
from launcher.install_config import make_config
from launcher.install_do import copy_program, make_place, program_files
from launcher.install_facts import Facts, usb_cameras
from launcher.install_files import clear, make_folder, remove, remove_named, take, write
from launcher.install_plan import Fresh, Options, check_memory, check_parts, chosen_cameras, first_steps, plan
from launcher.install_steps import (
    Clear,
    Command,
    Folder,
    GiveToRoot,
    Packages,
    Place,
    Remove,
    RemoveNamed,
    Start,
    Step,
    WriteFile,
)
from launcher.install_units import mount_text, mount_unit, removal
from launcher.installed import ALL_UNITS, CONFIG, HOME, INSTALLED, RECORD, UNITS, Record, enabled_units

ROOT = Path(__file__).parent.parent
DEFAULT = (ROOT / "config_default.txt").read_text()
SYSTEMD = {path.name: path.read_text() for path in (ROOT / "systemd").iterdir()}
FRESH = Fresh("0f1e2d", "K7QM-2RTX")
FACTS = Facts(source=Path("/home/pi/birbcam"), user_id=996, systemd=257, groups=frozenset({"video", "audio"}))

TWO = {name: CameraSettings(source="demo") for name in ("front", "nest")}


def steps(options: Options, facts: Facts = FACTS, settings: Settings | None = None) -> list[Step]:
    record = options.over(facts.record, facts.source)
    return plan(facts, record, settings or Settings(), FRESH, DEFAULT, SYSTEMD)


def written(planned: list[Step]) -> dict[str, WriteFile]:
    return {str(step.path): step for step in planned if isinstance(step, WriteFile)}


def config_of(planned: list[Step]) -> dict[str, object]:
    return tomllib.loads(written(planned)[str(CONFIG)].content)


def test_the_configuration_sets_what_was_found_and_leaves_the_rest_to_the_defaults(tmp_path: Path) -> None:
    text = make_config(DEFAULT, {("web", "host"): "0.0.0.0"}, {"camera": "picamera"})
    assert tomllib.loads(text) == {
        "mediamtx": {}, "retention": {}, "camera": {}, "web": {"host": "0.0.0.0"}, "settings_server": {},
        "cameras": {"camera": {"source": "picamera"}},
    }  # fmt: skip
    assert "#port = 8080\n" in text
    path = tmp_path / "config.txt"
    path.write_text(text)
    settings = load_settings({"BIRBCAM_CONFIG": str(path)})
    assert (settings.web.host, settings.cameras["camera"].source) == ("0.0.0.0", "picamera")


def test_cameras_are_found_not_asked_for() -> None:
    assert chosen_cameras(FACTS) == {"camera": "demo"}
    two = replace(FACTS, modules=("imx708_wide", "imx219"), usb_cameras=(Path("/dev/video0"),))
    assert chosen_cameras(two) == {"camera": "picamera", "camera-2": "picamera:1", "camera-3": "/dev/video0"}


def test_a_pi_has_many_video_devices_that_are_no_cameras(tmp_path: Path) -> None:
    for name, driver, index in (("video0", "uvcvideo", 0), ("video1", "uvcvideo", 1), ("video10", "bcm2835-codec", 0)):
        folder = tmp_path / "class" / name
        (folder / "device").mkdir(parents=True)
        (tmp_path / driver).mkdir(exist_ok=True)
        (folder / "device/driver").symlink_to(tmp_path / driver)
        (folder / "index").write_text(f"{index}\n")
    by_id = tmp_path / "by-id"
    assert usb_cameras(tmp_path / "class", by_id) == (Path("/dev/video0"),)
    by_id.mkdir()
    for index in (0, 1):
        (by_id / f"usb-Webcam_C920-video-index{index}").symlink_to(f"../../video{index}")
    assert usb_cameras(tmp_path / "class", by_id) == (by_id / "usb-Webcam_C920-video-index0",)


def test_everything_on_one_machine_by_default() -> None:
    planned = steps(Options())
    start = planned[-1]
    assert isinstance(start, Start) and start.units == enabled_units("all")
    assert config_of(planned)["web"] == {"host": "0.0.0.0"}
    for name in ("publish_password", "setup_code"):
        step = written(planned)[f"/var/lib/birbcam/state/{name}"]
        assert (step.mode, step.owner, step.keep, step.secret) == (0o600, "birbcam", True, True)
        assert step.content.strip() not in str(step)


def test_a_camera_alone_publishes_to_its_server() -> None:
    planned = steps(Options("camera", "server.local"))
    assert config_of(planned)["mediamtx"] == {"host": "server.local"}
    assert enabled_units("camera") == ("birbcam-camera.service", "birbcam-requests.path")
    names = set(written(planned))
    assert f"{UNITS}/birbcam-camera.service" in names and f"{UNITS}/birbcam-web.service" not in names
    assert not any("setup_code" in name for name in names)
    assert not any("prepare server" in str(step) for step in planned)
    with pytest.raises(ConfigError, match="--server HOST"):
        steps(Options("camera"))
    with pytest.raises(ConfigError, match="is for --camera-only"):
        steps(Options("server", "server.local"))


def test_a_server_alone_needs_the_recorder_that_hears_others() -> None:
    planned = steps(Options("server"))
    assert config_of(planned)["recorder"] == "mediamtx"
    assert "cameras" not in config_of(planned)
    assert not any("prepare camera" in str(step) for step in planned)
    assert not any("camera" in Path(name).name for name in written(planned))


def test_a_second_run_goes_on_with_what_the_first_was_told() -> None:
    before = Record("camera", "/home/pi/birbcam", "server.local")
    assert Options().over(before, Path("/home/pi/other")) == replace(before, source="/home/pi/other")
    assert Options().over(before, INSTALLED) == before
    installed = replace(FACTS, record=before, units=frozenset(SYSTEMD) - {"backoff.conf"})
    planned = steps(Options("server"), installed)
    gone = {step.path.name for step in planned if isinstance(step, Remove)}
    assert gone == {"birbcam-camera.service"}


def test_sound_outlives_the_log_out_where_there_is_a_sound_server() -> None:
    drop_in = f"{UNITS}/birbcam-camera.service.d/sound.conf"
    planned = steps(Options(), replace(FACTS, sound_server="pipewire"))
    assert "BindPaths=-/run/user/996" in written(planned)[drop_in].content
    assert any(isinstance(step, Command) and "enable-linger" in step.words for step in planned)
    assert drop_in not in written(steps(Options()))


def test_old_systemd_is_not_told_of_growing_pauses() -> None:
    drop_in = f"{UNITS}/birbcam-web.service.d/backoff.conf"
    assert "RestartSteps" in written(steps(Options()))[drop_in].content
    assert drop_in not in written(steps(Options(), replace(FACTS, systemd=252)))


def test_folders_elsewhere_may_be_written_by_the_services() -> None:
    planned = steps(
        Options(), settings=Settings(media_dir=Path("/mnt/usb disk"), output_dir=Path("/mnt/usb disk/clips"))
    )
    content = written(planned)[f"{UNITS}/birbcam-motion.service.d/folders.conf"].content
    assert content == (
        "[Unit]\nRequiresMountsFor='/mnt/usb disk/recordings' '/mnt/usb disk/clips'\n\n"
        "[Service]\nReadWritePaths='-/mnt/usb disk/recordings' '-/mnt/usb disk/clips'\n"
    )
    names = {step.path.parent.name for step in planned if isinstance(step, WriteFile) and step.path.stem == "folders"}
    assert names == {f"birbcam-{name}.service.d" for name in ("recorder", "web", "motion")}
    # Back at home, the additions go.
    home = steps(Options(), replace(FACTS, drop_ins=frozenset({"birbcam-web.service.d"})))
    gone = [step.path for step in home if isinstance(step, Remove)]
    assert gone == [UNITS / "birbcam-web.service.d/folders.conf"]
    for hidden in ("/home/pi/birds", "/run/media/disk", "/tmp/birds"):
        with pytest.raises(ConfigError, match="services do not see"):
            steps(Options(), settings=Settings(media_dir=Path(hidden)))


def test_requests_are_taken_from_the_state_folder_that_is_set() -> None:
    planned = written(steps(Options(), settings=Settings(state_dir=Path("/srv/my state"))))
    path, service = (planned[f"{UNITS}/birbcam-requests.{kind}"].content for kind in ("path", "service"))
    assert "PathExists=/srv/my state/requests/reboot\n" in path
    assert "-m launcher.obey '/srv/my state/requests'\n" in service
    assert "ReadWritePaths='-/srv/my state/requests'\n" in service
    assert "/var/lib/birbcam" not in path + service
    usual = written(steps(Options()))
    for kind in ("path", "service"):
        name = f"birbcam-requests.{kind}"
        assert usual[f"{UNITS}/{name}"].content == SYSTEMD[name]


def test_what_the_configuration_says_otherwise_is_told() -> None:
    camera = Record("camera", "", "server.local")
    at = Settings(mediamtx=RecorderSettings(host="server.local"), web=WebSettings(host="127.0.0.1"))
    check_parts(None, camera, at)
    with pytest.raises(ConfigError, match=r'host = "other.local" under \[mediamtx\]'):
        check_parts(camera, replace(camera, server="other.local"), at)
    with pytest.raises(ConfigError) as told:
        check_parts(camera, Record("server", ""), at)
    assert len(told.value.problems) == 3
    check_parts(Record("server", ""), Record("server", ""), Settings())  # what somebody chose since
    # A server that was changed in the configuration is the new one.
    assert Options().over(camera, Path("/x"), "new.local").server == "new.local"


def test_the_password_of_another_server_replaces_the_one_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("new\n")
    settings = Settings(state_dir=tmp_path)
    (tmp_path / "publish_password").write_text("old\n")
    camera = Record("camera", "", "server.local")
    assert not _fresh(camera, camera, settings, "", dry_run=False).replaces
    given = _fresh(camera, camera, settings, str(file), dry_run=False)
    assert (given.publish_password, given.replaces) == ("new", True)
    other = replace(camera, server="other.local")
    assert _fresh(camera, other, settings, str(file), dry_run=False).replaces
    planned = plan(FACTS, camera, Settings(), given, DEFAULT, SYSTEMD)
    assert not written(planned)["/var/lib/birbcam/state/publish_password"].keep


def test_passes_go_on_where_an_installation_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr("launcher.install.run", lambda words, **more: ran.append(words))
    units = {"birbcam-motion.timer", "birbcam-web.service"}
    with running_again(units, dry_run=False):
        pass
    assert ran == []
    with pytest.raises(InstallError), running_again(units, dry_run=False):
        raise InstallError("no network")
    assert ran == [["systemctl", "start", "birbcam-motion.timer"]]


def test_only_what_is_missing_is_fetched() -> None:
    record = Record("all", "")
    (packages, *_) = first_steps(replace(FACTS, pi_model="Raspberry Pi 5"), record)
    assert isinstance(packages, Packages) and {"python3-picamera2", "python3-av", "ffmpeg"} <= set(packages.names)
    elsewhere = replace(FACTS, pi_model="Raspberry Pi 5", offered=frozenset({"python3-gpiozero"}))
    assert "python3-picamera2" not in str(first_steps(elsewhere, record)[0])
    there = replace(FACTS, packages=frozenset(packages.names))
    assert not any(isinstance(step, Packages) for step in first_steps(there, record))


def test_recordings_in_memory() -> None:
    planned = steps(Options(memory="512 MB"))
    path = f"{UNITS}/var-lib-birbcam-recordings.mount"
    assert "size=512000000,uid=996," in written(planned)[path].content
    assert config_of(planned)["retention"] == {"keep_free": "10 %"}
    assert '"memory": "512 MB"' in written(planned)[str(RECORD)].content
    assert mount_unit(Path("/mnt/a-b/c")) == r"mnt-a\x2db-c.mount"
    assert "Where=/mnt/a\n" in mount_text(Path("/mnt/a"), "1 GB", 996)
    for size in ("1 MB", "much", "80 %"):
        with pytest.raises(ConfigError, match="--memory"):
            steps(Options(memory=size))
    with pytest.raises(ConfigError, match='set keep_free = "10 %"'):
        check_memory(Record("all", "", memory="512 MB"), Settings(), config_exists=True)
    ended = steps(Options(memory=""), replace(FACTS, record=Record("all", "", memory="512 MB")))
    assert path not in written(ended)
    assert any(isinstance(step, Remove) and str(step.path) == path for step in ended)


def test_memory_of_another_size_and_what_it_would_hide(tmp_path: Path) -> None:
    before = Record("all", "", memory="512 MB")
    running = replace(FACTS, record=before, units=frozenset(ALL_UNITS))
    words = [step.words for step in steps(Options(memory="1 GB"), running) if isinstance(step, Command)]
    mount = ("mount", "-o", "remount,size=1000000000", "/var/lib/birbcam/recordings")
    assert words.index(("systemctl", "stop", "birbcam-recorder.service")) < words.index(mount)
    same = [step.words for step in steps(Options(), running) if isinstance(step, Command)]
    assert not any(
        command[:2] in (("systemctl", "stop"), ("mount", "-o")) and "motion" not in command[-1] for command in same
    )
    check_hidden(None, before, tmp_path)
    (tmp_path / "front").mkdir()
    check_hidden(None, before, tmp_path)
    (tmp_path / "front/a.mp4").touch()
    with pytest.raises(ConfigError, match="would hide"):
        check_hidden(Record("all", ""), before, tmp_path)
    check_hidden(before, before, tmp_path)


def test_removal_spares_recordings_unless_told() -> None:
    installed = replace(FACTS, units=frozenset({"birbcam-web.service"}))
    spared = "\n".join(map(str, removal(installed, Record("all", ""), Settings(), recordings_too=False)))
    assert "remove /var/lib/birbcam/recordings" not in spared
    assert "remove /var/lib/birbcam/clips" not in spared
    everything = removal(installed, Record("all", ""), Settings(), recordings_too=True)
    assert any(step == Clear(HOME, ()) for step in everything)
    # What a second run needs goes last.
    assert everything[-1] == Remove(CONFIG.parent)


def test_removal_spares_what_is_others_in_folders_elsewhere() -> None:
    disk = Settings(media_dir=Path("/srv"), output_dir=Path("/mnt/disk"), state_dir=Path("/srv"), cameras=TWO)
    installed = replace(FACTS, drop_ins=frozenset({"birbcam-camera.service.d"}))
    for recordings_too in (False, True):
        planned = removal(installed, Record("all", ""), disk, recordings_too)
        gone = {step.path for step in planned if isinstance(step, Remove)}
        assert not gone & {Path("/srv"), Path("/mnt/disk"), Path("/srv/recordings")}
        assert UNITS / "birbcam-camera.service.d" in gone
        named = {step.path: step.names for step in planned if isinstance(step, RemoveNamed)}
        assert "recordings" not in named[Path("/srv")] and "*" not in named[Path("/srv")]
        if recordings_too:
            assert named[Path("/mnt/disk")] == ("front", "nest")
            assert named[Path("/srv/recordings")] == ("front", "front_detect", "nest", "nest_detect")
        else:
            assert GiveToRoot(Path("/mnt/disk"), 996) in planned and set(named) == {Path("/srv")}


def test_what_bears_a_name_is_removed_and_the_rest_spared(tmp_path: Path) -> None:
    for name in (".motion_state_front.json", ".scan.lock", "tools/mediamtx", "photos/summer.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert remove_named(tmp_path, (".motion_state_*.json", ".*.lock", "tools", "requests"))
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
    remove_named(tmp_path, ("photos",))
    assert not tmp_path.exists()
    assert not remove_named(tmp_path, ("photos",))


def test_only_the_user_s_own_is_given_to_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr("os.chown", lambda name, *numbers, **more: given.append(name))
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips/clip.mp4").touch()
    take(tmp_path, tmp_path.stat().st_uid + 1)
    assert given == []
    take(tmp_path, tmp_path.stat().st_uid)
    assert {"clips", "clip.mp4"} <= set(given)


def test_folders_elsewhere_stay_others_but_for_what_is_recorded() -> None:
    planned = steps(Options(), settings=Settings(media_dir=Path("/mnt/disk"), output_dir=Path("/mnt/disk/clips")))
    places = {step.path for step in planned if isinstance(step, Place)}
    assert places == {Path("/mnt/disk/recordings"), Path("/mnt/disk/clips")}
    assert all(HOME in (step.path, *step.path.parents) for step in planned if isinstance(step, Folder))
    for state in ("/mnt/disk", "/mnt"):
        with pytest.raises(ConfigError, match="state_dir"):
            steps(Options(), settings=Settings(media_dir=Path("/mnt/disk"), state_dir=Path(state)))


def test_a_folder_that_is_there_must_let_us_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.install_do.as_user", lambda words: [*words])
    make_place(tmp_path, 0o750)
    monkeypatch.setattr("launcher.install_do.as_user", lambda words: ["false", *words])
    with pytest.raises(InstallError, match="sudo chown birbcam:"):
        make_place(tmp_path, 0o750)


def test_an_installation_remembers_its_folders() -> None:
    settings = Settings(media_dir=Path("/srv/birds"), state_dir=Path("/srv/state"))
    record = Record(**json.loads(Record("all", "").having(settings).text()))
    assert record.settings() == settings
    assert Record("all", "").settings() == Settings()


def test_the_program_is_copied_without_what_belongs_to_the_checkout(tmp_path: Path) -> None:
    names = {str(name) for name in program_files(ROOT)}
    assert {"birbcam", "config/settings.py", "webapp/templates/base.html", "systemd/birbcam-web.service"} <= names
    assert not any(name.startswith((".git", ".venv", "tests/", "bench/", "demo/")) for name in names)
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "config").mkdir(parents=True)
    for name in ("config/__init__.py", "config/a.py", "birbcam"):
        (source / name).write_text(name)
    assert copy_program(source, target)
    assert not copy_program(source, target)
    (target / ".venv").mkdir()
    (target / ".venv/kept").touch()
    (target / "config/b.py").touch()
    (target / "config.txt").touch()
    (source / "config/a.py").write_text("newer")
    assert copy_program(source, target)
    assert (target / "config/a.py").read_text() == "newer"
    assert (
        (target / ".venv/kept").exists() and (target / "config.txt").exists() and not (target / "config/b.py").exists()
    )
    assert (target / "birbcam").stat().st_mode & 0o777 == 0o755


def test_a_folder_is_cleared_around_what_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("media/recordings", "clips", ".config/pulse"):
        (home / name).mkdir(parents=True)
        (home / name / "file").touch()
    clear(home, (home / "media/recordings", home / "clips"))
    left = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert left == {"media/recordings/file", "clips/file"}
    clear(home, ())
    assert not home.exists()


def test_a_file_that_is_kept_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.install_files._own", lambda thing, owner: None)
    path = tmp_path / "config.txt"
    assert write(WriteFile(path, "first", keep=True))
    assert not write(WriteFile(path, "second", keep=True))
    assert write(WriteFile(path, "second", mode=0o600))
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("second", 0o600)


def test_planted_links_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.install_files._of_root", lambda descriptor: False)
    monkeypatch.setattr("launcher.install_files._own", lambda thing, owner, place=None: None)
    target = tmp_path / "shadow"
    target.write_text("root's")
    target.chmod(0o600)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "kept").touch()
    state = tmp_path / "state"
    state.mkdir()
    (state / "publish_password").symlink_to(target)
    (state / "requests").symlink_to(elsewhere)
    (state / ".setup_code.new").symlink_to(target)
    for keep in (True, False):
        with pytest.raises(InstallError, match="symbolic link"):
            write(WriteFile(state / "publish_password", "secret", "birbcam", 0o644, keep=keep))
    with pytest.raises(InstallError, match="symbolic link"):
        make_folder(state / "requests", "root", 0o770)
    with pytest.raises(InstallError, match="symbolic link"):
        write(WriteFile(state / "requests/file", "text"))
    with pytest.raises(InstallError, match="symbolic link"):
        remove(state / "requests/kept")
    assert write(WriteFile(state / "setup_code", "code"))
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("root's", 0o600)
    assert remove(state / "requests") and (elsewhere / "kept").exists() and list(elsewhere.iterdir())
    assert elsewhere.stat().st_mode & 0o777 == 0o700


def test_links_that_root_made_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("launcher.install_files._of_root", lambda descriptor: True)
    monkeypatch.setattr("launcher.install_files._own", lambda thing, owner, place=None: None)
    (tmp_path / "disk").mkdir()
    (tmp_path / "absolute").symlink_to(tmp_path / "disk")
    (tmp_path / "relative").symlink_to("absolute")
    assert write(WriteFile(tmp_path / "relative/new/file", "text"))
    assert (tmp_path / "disk/new/file").read_text() == "text"
    (tmp_path / "config.txt").symlink_to("disk/new/file")
    assert not write(WriteFile(tmp_path / "config.txt", "ours", keep=True))
    assert (tmp_path / "config.txt").is_symlink()
