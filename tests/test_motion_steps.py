"""A pass that is killed, or refused room, at every single step it takes on the file system: the next one mends it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from stepping import TAKES_ROOM, Fault, Outcome, Stepper
from worlds import WORLDS, World, build
from yard import at

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Tried:
    """A world, what a pass that nobody disturbs makes of it, and the steps it takes."""

    stepper: Stepper
    world: World
    wanted: dict[str, bytes]
    steps: list[str]

    def disturbed(self, folder: Path, step: int, fault: Fault) -> tuple[World, Outcome]:
        """The world after a pass with the fault."""
        world = self.world.copy(folder)
        return world, self.stepper.run(world.folder, at(world.now), step, fault)

    def next_pass_mends(self, world: World, what: str) -> None:
        """It leaves what one undisturbed pass leaves, to the byte: clips, sidecars, thumbnails, state, activity."""
        outcome = self.stepper.run(world.folder, at(world.now))
        assert outcome.code == 0, f"{what}: {outcome.said}"
        found = world.content()
        differing = {name for name in found.keys() | self.wanted.keys() if found.get(name) != self.wanted.get(name)}
        assert not differing, what
        shutil.rmtree(world.folder)


@pytest.fixture(scope="module", params=WORLDS)
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Iterator[Tried]:
    stepper = Stepper()
    folder = tmp_path_factory.mktemp("worlds")
    world = build(request.param, folder / "before", stepper)
    after = world.copy(folder / "undisturbed")
    outcome = stepper.run(after.folder, at(world.now))
    assert outcome.code == 0 and outcome.problems.count("ERROR") == 0, outcome.said
    assert sum(line.count("->") for line in outcome.output.splitlines()) >= 1
    yield Tried(stepper, world, after.content(), outcome.steps)
    stepper.close()


def shares(count: int) -> pytest.MarkDecorator:
    """So many tests share the steps of a pass, so that several processes can run them."""
    return pytest.mark.parametrize("share", [slice(first, None, count) for first in range(count)], ids=str)


@shares(3)
def test_killed_at_every_step(tried: Tried, share: slice, tmp_path: Path) -> None:
    for number, step in list(enumerate(tried.steps))[share]:
        faults: tuple[Fault, ...] = ("kill", "half") if step.startswith("write") else ("kill",)
        for fault in faults:
            world, outcome = tried.disturbed(tmp_path / "place", number, fault)
            assert outcome.code == -9, f"{step}: {outcome.said}"
            tried.next_pass_mends(world, f"{fault} at step {number}: {step}")


@shares(2)
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_no_room_from_every_step_on(tried: Tried, fault: Fault, share: slice, tmp_path: Path) -> None:
    """The pass says what is the matter, and ends as it should."""
    steps = [one for one in enumerate(tried.steps) if fault == "read-only" or one[1].startswith(TAKES_ROOM)]
    for number, step in steps[share]:
        world, outcome = tried.disturbed(tmp_path / "place", number, fault)
        assert 0 <= outcome.code < 99, f"{fault} at {number} ({step}): {outcome.said}"
        tried.next_pass_mends(world, f"{fault} from step {number} on: {step}")
