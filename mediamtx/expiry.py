"""Which recordings and clips have to go: a decision that touches no file.

By space go, in this order: the trash, scanned segments, unscanned ones, clips, footage from a clock that was not set,
and last what an open event still needs. Never: kept clips, the newest segment of a stream, the last ten minutes.
Clips are not given up for free space that even all of them could not make: something else fills the disk then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from mediamtx.clips import Clip
from mediamtx.names import RELEASED

RECENT = timedelta(minutes=10)
TRASH_DAYS = 7.0
_SLACK = 256 * 10**6  # bytes freed beyond a limit, at most, so that not every pass has to look at every file


@dataclass(frozen=True, slots=True)
class Item:
    """Something that may be deleted. `end` is that of its footage, of the trash the time it was deleted (UTC)."""

    path: Path
    kind: Literal["trash", "segment", "clip"]
    end: datetime
    size: int  # bytes
    scanned: bool = False  # of a segment: its motion is known
    needed: bool = False  # of a segment: an open event or a running recording will be cut from it
    newest: bool = False  # of a segment: the last of a stream that is recorded, which may still be written
    clip: Clip | None = None  # of a clip or the trash


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings allow on one file system; days of age (0: any) and bytes (None: any)."""

    segment_days: float
    clip_days: float
    max_used: int | None
    keep_free: int | None


@dataclass(frozen=True, slots=True)
class Disk:
    """One file system: bytes free for us, and bytes used by our items."""

    free: int
    used: int = 0


@dataclass(frozen=True, slots=True)
class Deletion:
    """An item to delete, and why, in words."""

    item: Item
    reason: str


def expired(items: Iterable[Item], now: datetime, policy: Policy, disk: Disk) -> list[Deletion]:
    """What has to go from one file system, in the order in which to delete it."""
    deletions, rest = [], []
    for item in sorted(items, key=lambda item: item.end):
        reason = _too_old(item, now, policy)
        if reason:
            deletions.append(Deletion(item, reason))
        else:
            rest.append(item)
    freed = sum(deletion.item.size for deletion in deletions)
    disk = replace(disk, free=disk.free + freed, used=disk.used - freed)
    wanted = for_clips = shortage(policy, disk)
    if in_vain(rest, now, policy, disk):
        for_clips = shortage(replace(policy, keep_free=None), disk)
    freed = 0
    for item in sorted((item for item in rest if not _protected(item, now)), key=lambda item: (_rank(item), item.end)):
        missing, reason = for_clips if item.kind == "clip" else wanted
        if freed < missing:
            deletions.append(Deletion(item, reason))
            freed += item.size
    return deletions


def in_vain(items: Iterable[Item], now: datetime, policy: Policy, disk: Disk) -> bool:
    """Whether the disk would lack free space even if all of `items` that may go were deleted."""
    ours = sum(item.size for item in items if _too_old(item, now, policy) or not _protected(item, now))
    return policy.keep_free is not None and disk.free + ours < policy.keep_free


def oldest_enough(segments: Iterable[Item], now: datetime, missing: int) -> tuple[list[Item], bool]:
    """As many of the segments, given oldest first, as make `missing` bytes of room, and whether they do.

    No more needs to be known of then: by space, scanned segments go before anything else but the trash.
    """
    found = []
    for item in segments:
        found.append(item)
        if not _protected(item, now) and _rank(item) <= 1:
            missing -= item.size
            if missing <= 0:
                return found, True
    return found, False


def shortage(policy: Policy, disk: Disk) -> tuple[int, str]:
    """How many bytes to free, a little more than the limit says, and why; (0, "") within the limits."""
    reasons = []
    if policy.keep_free is not None and disk.free < policy.keep_free:
        reason = f"{amount_text(disk.free)} free on the disk, {amount_text(policy.keep_free)} are to be kept free"
        reasons.append((policy.keep_free - disk.free + min(policy.keep_free // 20, _SLACK), reason))
    if policy.max_used is not None and disk.used > policy.max_used:
        reason = f"{amount_text(disk.used)} used by recordings and clips, {amount_text(policy.max_used)} are allowed"
        reasons.append((disk.used - policy.max_used + min(policy.max_used // 20, _SLACK), reason))
    return max(reasons, default=(0, ""))


def _too_old(item: Item, now: datetime, policy: Policy) -> str:
    days = {"trash": TRASH_DAYS, "segment": policy.segment_days, "clip": policy.clip_days}[item.kind]
    if not days or now - item.end <= timedelta(days=days) or (item.kind != "trash" and _undated(item)):
        return ""
    # The newest stays whatever its age: after a jump of the clock it is the file being written, with an old name. Its
    # mtime would tell too, but only once something was written since the jump; and it is one file for each stream.
    if item.newest or item.needed or (item.kind == "clip" and item.clip is not None and item.clip.kept):
        return ""
    return f"{'in the trash for' if item.kind == 'trash' else 'older than'} {days:g} days"


def _protected(item: Item, now: datetime) -> bool:
    if item.kind == "trash":
        return False
    # Not what lies in the future: the clock was wrong then, and it must not stay for ever.
    recent = abs(now - item.end) < RECENT
    return item.newest or recent or (item.clip is not None and item.clip.kept)


def _rank(item: Item) -> int:
    if item.kind == "trash":
        return 0
    if item.needed:
        return 5
    if item.kind == "clip":
        return 3
    if _undated(item):
        return 4
    return 1 if item.scanned else 2


def _undated(item: Item) -> bool:
    return item.end < RELEASED


def amount_text(size: int) -> str:
    """`1.5 GB`."""
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"
