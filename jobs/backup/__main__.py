"""``python -m jobs.backup --to FILE``: one sealed file with all that cannot be made again."""

import argparse
import io
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from jobs.audit.log import audit
from jobs.backup.content import LISTING, ZONES, all_quiet, files_of_zones, passphrase
from jobs.backup.seal import Sealer
from jobs.core.cli import answered
from jobs.core.errors import ConfigError
from jobs.core.residency import require_target
from jobs.core.settings import Settings
from jobs.core.snapshot import canonical_json, sha256_of, sync


def backup(settings: Settings, target: Path, secret: bytes, zones: tuple[str, ...] = ZONES) -> dict[str, Any]:
    """Write a backup; it is there whole or not at all. Returns what it holds.

    Raises ConfigError when the target exists already, or lies in no place of the storage policy (RES-001, RES-002): a
    sealed file is data still, and whoever keeps it keeps it under a law. TryAgain while a job runs.
    """
    require_target(settings, target)
    if target.exists():
        raise ConfigError(f"{target} exists already; a backup never overwrites another.")
    if not target.parent.is_dir():
        raise ConfigError(f"There is no folder {target.parent}.")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        with all_quiet(settings), draft.open("wb") as stream:
            audit(settings, "backup")  # before it, so that the line is in it
            sealer = Sealer(stream, secret)
            listing = pack(settings, sealer, zones)
            sealer.finish()
        sync(draft)
        draft.rename(target)
        sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)
    return {"files": len(listing["files"]), "bytes": sum(item["bytes"] for item in listing["files"])}


def pack(settings: Settings, sealer: Sealer, zones: tuple[str, ...]) -> dict[str, Any]:
    """Write the archive into the sealer, the listing last."""
    files = []
    with tarfile.open(fileobj=sealer, mode="w|", format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for path in files_of_zones(settings, zones):
            name = path.relative_to(settings.root).as_posix()
            archive.add(path, arcname=name, recursive=False)
            files.append({"path": name, "bytes": path.stat().st_size, "sha256": sha256_of(path)})
        listing = {"kind": settings.kind, "zones": list(zones), "files": files}
        add_text(archive, LISTING, canonical_json(listing).encode())
    return listing


def add_text(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a member that is no file on disk."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def main(argv: list[str] | None = None) -> int:
    """Back up the root that VEILLEE_ROOT names."""
    parser = argparse.ArgumentParser(prog="python -m jobs.backup", description=main.__doc__)
    parser.add_argument("--to", required=True, type=Path, help="file to write, on another disk than the root")
    parser.add_argument("--passphrase-file", type=Path, help="mode 0400; asked for when left out")
    parser.add_argument(
        "--without-standard", action="store_true", help="leave the standard zone out, when other means back it up"
    )
    arguments = parser.parse_args(argv)
    zones = tuple(zone for zone in ZONES if zone != "standard" or not arguments.without_standard)

    def work(settings: Settings) -> None:
        found = backup(settings, arguments.to.resolve(), passphrase(arguments.passphrase_file, confirm=True), zones)
        print(
            f"{arguments.to}: {found['files']} files, {found['bytes']} bytes before sealing; zones {', '.join(zones)}"
        )

    return answered("backup", work)


if __name__ == "__main__":
    sys.exit(main())
