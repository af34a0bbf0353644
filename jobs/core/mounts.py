"""Which file system a path lies on, as the kernel tells it."""

import re
from dataclasses import dataclass
from pathlib import Path

# File systems of disks and memory of this machine. Any other (nfs, cifs, fuse, 9p, ceph) may lead to another machine.
LOCAL = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "overlay", "tmpfs", "ramfs", "ecryptfs")
)
ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """A mounted file system: where, what kind, of which source (a device, or ``host:/share``)."""

    point: Path
    kind: str
    source: str


def mounts(table: Path = Path("/proc/self/mountinfo")) -> list[Mount]:
    """Every mount, in the order in which they were made; a later one hides an earlier one of the same point."""
    found = []
    for line in table.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        own, _, rest = line.partition(" - ")
        kind, source = rest.split(" ")[:2]
        found.append(Mount(Path(plain(own.split(" ")[4])), kind, plain(source)))
    return found


def plain(text: str) -> str:
    r"""A text of the table without its octal escapes (a space is ``\040``)."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)


def mount_of(path: Path, known: list[Mount]) -> Mount:
    """The mount that a resolved path lies on."""
    over = [one for one in known if path.is_relative_to(one.point)]
    return max(reversed(over), key=lambda one: len(one.point.parts), default=Mount(Path("/"), "unknown", "unknown"))
