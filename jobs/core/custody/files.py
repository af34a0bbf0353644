"""Keys as files of the zone ``keys``: 32 bytes each, mode 0400, in a folder that only its owner enters."""

import os
import re
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from jobs.core.custody.api import BYTES, Key, fault

OTHERS = 0o077


class FileCustody:
    """The default. Whoever is the account, or root, can read every key: see *Two holders* in the how-to."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, key: Key) -> Path:
        """The file of a key."""
        return self.folder / f"{key}.key"

    def versions(self, name: str) -> list[int]:
        """Versions that have a file."""
        found = [re.fullmatch(rf"{name}\.v([1-9]\d*)\.key", one.name) for one in self.folder.glob(f"{name}.v*.key")]
        return sorted(int(match[1]) for match in found if match)

    def make(self, key: Key) -> None:
        """Make a key: complete or not there at all."""
        path = self.path(key)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(BYTES))
        draft.chmod(0o400)
        try:
            os.link(draft, path)  # link, not rename: of two first users one wins, and both then read the same key
        except FileExistsError:
            pass
        finally:
            draft.unlink()

    def working(self, key: Key) -> bytes:
        """The file's bytes. Raises ConfigError: KEY-001 open to others, KEY-002 missing, KEY-005 no whole key."""
        path = self.path(key)
        if not path.is_file():
            raise fault("KEY-002", f"{path.name} is missing", "restore it from the backup")
        for one, mode in ((path, "0400"), (path.parent, "0700")):
            if one.stat().st_mode & OTHERS:
                raise fault(
                    "KEY-001",
                    f"{one.name} can be read by others",
                    f"its mode must be {mode}; find out who could read it",
                )
        content = path.read_bytes()
        if len(content) != BYTES or content == bytes(BYTES):
            raise fault("KEY-005", f"{path.name} is no key of {BYTES} bytes", "restore it from the backup")
        return content

    def derived(self, key: Key, info: bytes) -> bytes:
        """A key made from this one. The extract step of HKDF is for keys that are not uniform; these are."""
        return HKDFExpand(SHA256(), BYTES, info).derive(self.working(key))

    def destroy(self, key: Key) -> None:
        """Overwrite and remove the file. On a disk that writes elsewhere (SSD, snapshots) only the removal is sure."""
        path = self.path(key)
        if not path.exists():
            return
        path.chmod(0o600)
        with path.open("r+b") as stream:
            stream.write(secrets.token_bytes(path.stat().st_size))
            stream.flush()
            os.fsync(stream.fileno())
        path.unlink()
