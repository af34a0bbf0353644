"""What a backup holds, and the passphrase that seals it."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from jobs.core.attempt import lock
from jobs.core.cli import SOURCES
from jobs.core.errors import ConfigError
from jobs.core.settings import Settings

LISTING = "listing.json"  # last member of the archive: what must be there, with its hash
ZONES = ("keys", "identity", "crosswalk", "ledger", "audit", "standard")
ROOT_FILES = ("root.json", "producers.csv")
MIN_PASSPHRASE = 12


def files_of_zones(settings: Settings, zones: tuple[str, ...]) -> Iterator[Path]:
    """Every file to back up, in a fixed order; drafts of a killed job and links left out."""
    for name in ROOT_FILES:
        if (settings.root / name).is_file():
            yield settings.root / name
    for zone in zones:
        for path in sorted((settings.root / zone).rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield path


@contextmanager
def all_quiet(settings: Settings) -> Iterator[None]:
    """Hold every writer's lock, so that pointers and files belong together. Raises TryAgain while a job runs."""
    with ExitStack() as stack:
        for name in (*SOURCES, "national"):
            stack.enter_context(lock(settings, name))
        yield


def passphrase(file: Path | None, confirm: bool) -> bytes:
    """The passphrase from a file that only its owner reads, or asked for; never from the command line.

    Raises ConfigError when it is too short, when the file is open to others, or when there is nobody to ask.
    """
    if file is not None:
        if not file.is_file():
            raise ConfigError(f"There is no passphrase file {file}.")
        if file.stat().st_mode & 0o077:
            raise ConfigError(f"{file} can be read by others; set its mode to 0400.")
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    else:
        text = ask(confirm)
    if len(text) < MIN_PASSPHRASE:
        raise ConfigError(f"The passphrase needs at least {MIN_PASSPHRASE} characters.")
    return text.encode()


def ask(confirm: bool) -> str:
    """Ask for the passphrase, twice when a mistake would make a backup that nobody can open."""
    if not sys.stdin.isatty():
        raise ConfigError("There is no terminal to ask for the passphrase; name a file with --passphrase-file.")
    text = getpass.getpass("Passphrase of the backup: ")
    if confirm and getpass.getpass("The same again: ") != text:
        raise ConfigError("The two passphrases differ; nothing was written.")
    return text
