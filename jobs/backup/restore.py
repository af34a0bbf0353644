"""``python -m jobs.backup.restore --from FILE``: bring a backup back into an empty root."""

import argparse
import hashlib
import io
import json
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

from jobs.backup.content import LISTING, ROOT_FILES, ZONES, all_quiet, passphrase
from jobs.backup.seal import Opener
from jobs.core.attempt import attempt_folder
from jobs.core.cli import say
from jobs.core.errors import DataRefused, JobError
from jobs.core.residency import require_residency
from jobs.core.settings import Settings, load_settings, prepare_root

PIECE = 1024 * 1024


def restore(settings: Settings, source: Path, secret: bytes, replace: bool = False) -> dict[str, Any]:
    """Restore a backup: unpack beside the zones, compare every file with the listing, then move the zones in.

    Raises DataRefused on a wrong passphrase, on damage, and, unless ``replace`` is given, when the root holds
    anything in a zone of the backup. What ``replace`` displaces is kept in ``work/replaced-<n>``.
    """
    if not replace:
        refuse_occupied(settings)
    work = settings.work
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with all_quiet(settings), attempt_folder(settings) as folder:
        with source.open("rb") as stream:
            found = unpack(io.BufferedReader(Opener(stream, secret), PIECE), folder)
        listing = compare(folder, found)
        if not (settings.root / "root.json").exists():
            shutil.copyfile(folder / "root.json", settings.root / "root.json")
        prepare_root(settings.root, listing["kind"])
        aside = move_in(settings, folder, listing)
    return {"files": len(listing["files"]), "zones": listing["zones"], "aside": aside}


def refuse_occupied(settings: Settings) -> None:
    """Raise DataRefused when a zone of a backup holds a file already."""
    occupied = [zone for zone in ZONES if any(path.is_file() for path in (settings.root / zone).rglob("*"))]
    if occupied:
        raise DataRefused(
            f"{settings.root} is not empty ({', '.join(occupied)}). Restore into a new root, or say --replace: "
            "what is there is then kept aside in work/."
        )


def unpack(stream: io.BufferedReader, folder: Path) -> dict[str, str]:
    """Write the members below ``folder``; return their hashes. Raises DataRefused on a member that has no place."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                path = safe_path(folder, member)
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                found[member.name] = write_member(archive, member, path)
    except (tarfile.TarError, EOFError):
        raise DataRefused("The backup cannot be opened: it is cut or damaged.") from None
    return found


def safe_path(folder: Path, member: tarfile.TarInfo) -> Path:
    """Where a member goes. Only regular files of the zones, and nothing that leads out of them."""
    steps = Path(member.name).parts
    known = member.name == LISTING or member.name in ROOT_FILES or (len(steps) > 1 and steps[0] in ZONES)
    if not (member.isreg() and known and ".." not in steps):
        raise DataRefused("The backup holds a member that is no file of a zone; it was not made by this program.")
    return folder / member.name


def write_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> str:
    """Write one member with its rights; return its SHA-256."""
    digest = hashlib.sha256()
    source = archive.extractfile(member)
    assert source is not None
    with path.open("xb") as target:
        while piece := source.read(PIECE):
            digest.update(piece)
            target.write(piece)
    path.chmod(member.mode & 0o755)
    return digest.hexdigest()


def compare(folder: Path, found: dict[str, str]) -> dict[str, Any]:
    """The listing, once every file in it is there with its hash and no other is. Raises DataRefused."""
    if LISTING not in found:
        raise DataRefused("The backup has no listing: it is cut.")
    listing: dict[str, Any] = json.loads((folder / LISTING).read_text(encoding="utf-8"))
    expected = {item["path"]: item["sha256"] for item in listing["files"]}
    if expected != {name: digest for name, digest in found.items() if name != LISTING}:
        raise DataRefused("The backup is damaged: its files are not those of its listing. Nothing was restored.")
    return listing


def move_in(settings: Settings, folder: Path, listing: dict[str, Any]) -> str | None:
    """Put the unpacked zones in the place of those that are there; return where these went."""
    number = 1 + sum(1 for _ in settings.work.glob("replaced-*"))
    aside = settings.work / f"replaced-{number}"
    occupied = False
    for zone in listing["zones"]:
        (folder / zone).mkdir(exist_ok=True)
        (folder / zone).chmod(0o700)
        target = settings.root / zone
        if any(target.iterdir()):
            aside.mkdir(mode=0o700, exist_ok=True)
            target.rename(aside / zone)
            occupied = True
        else:
            target.rmdir()
        (folder / zone).rename(target)
    for name in ROOT_FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, settings.root / name)
    return str(aside.relative_to(settings.root)) if occupied else None


def main(argv: list[str] | None = None) -> int:
    """Restore a backup into the root that VEILLEE_ROOT names."""
    parser = argparse.ArgumentParser(prog="python -m jobs.backup.restore", description=main.__doc__)
    parser.add_argument("--from", required=True, type=Path, dest="source", help="file that jobs.backup wrote")
    parser.add_argument("--passphrase-file", type=Path, help="mode 0400; asked for when left out")
    parser.add_argument("--replace", action="store_true", help="also into a root that holds data; those are set aside")
    arguments = parser.parse_args(argv)
    try:
        if not arguments.source.is_file():
            raise DataRefused(f"There is no file {arguments.source}.")
        settings = load_settings()
        require_residency(settings)
        if not arguments.replace:
            refuse_occupied(settings)
        done = restore(settings, arguments.source, passphrase(arguments.passphrase_file, False), arguments.replace)
    except JobError as error:
        say(f"restore: {error}")
        return error.exit_code
    print(f"{done['files']} files verified and restored; zones {', '.join(done['zones'])}")
    if done["aside"]:
        print(f"what was there is in {done['aside']}; it holds identities and keys: remove it when you are sure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
