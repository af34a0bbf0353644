"""Deposit a delivery by hand: writes the manifest and puts the files into the landing, the manifest last."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from jobs.core.cli import SOURCES, open_root, say
from jobs.core.errors import ConfigError, JobError
from jobs.core.manifest import NAME, Manifest, describe_file, parse_manifest
from jobs.core.register import load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import canonical_json
from jobs.landing.api import CHUNK, Place, open_landing


def chunks(path: Path) -> Iterator[bytes]:
    """A file's bytes, 1 MiB at a time."""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def deposit(settings: Settings, manifest: Manifest, files: list[Path]) -> Place:
    """Put files and then their manifest into the landing.

    Raises BadManifest when the manifest is not as declared, DataRefused when the delivery exists already.
    """
    text = canonical_json(manifest.to_json()).encode()
    parse_manifest(text, NAME)
    landing = open_landing(settings)
    place = Place(manifest.source, manifest.producer, manifest.delivery_id)
    for path in files:
        landing.deposit(place, path.name, chunks(path))
    landing.deposit(place, NAME, iter([text]))
    return place


def build(settings: Settings, arguments: argparse.Namespace) -> Manifest:
    """A manifest for files on this machine. The format is the register's first unless one is named.

    The time is that of the deposit. Raises ConfigError for an unknown producer, or a format that is not among its own.
    """
    producer = load_register(settings).get(arguments.producer)
    if producer is None or producer.source != arguments.source:
        raise ConfigError(
            f"{settings.register} holds no producer {arguments.producer!r} of source {arguments.source}; "
            "docs/how-to/add-a-producer.md says how to add one."
        )
    chosen = arguments.format or next(iter(producer.formats), "")
    if chosen not in producer.formats:
        raise ConfigError(f"producer {arguments.producer} deposits {' or '.join(producer.formats)}, not {chosen!r}.")
    moment = arguments.produced_at or datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(
        delivery_id=arguments.delivery_id or made_up_id(moment),
        producer=arguments.producer,
        source=arguments.source,
        format=chosen,
        produced_at=moment,
        covers_from=arguments.covers_from,
        covers_to=arguments.covers_to or arguments.covers_from,
        mode=arguments.mode,
        files=tuple(describe_file(path) for path in arguments.files),
        transmission=arguments.transmission,
    )


def made_up_id(moment: str) -> str:
    """A delivery's number from the time it was made, in UTC: ``2026-11-22T000000Z``. Raises ConfigError."""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    except ValueError:
        raise ConfigError(f"{moment!r} is no time of the form 2026-11-22T01:00:00+01:00.") from None


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m jobs.landing.deposit", description=__doc__)
    parser.add_argument("--source", required=True, choices=SOURCES)
    parser.add_argument("--producer", required=True, help="identifier in the register")
    parser.add_argument("--mode", required=True, choices=("append", "replace"))
    parser.add_argument(
        "--transmission",
        choices=("validated", "fast_track", "trial"),
        help="a hospital's: validated when left out, fast_track with --mode append, trial is never published",
    )
    parser.add_argument("--format", help="one of the register's formats of the producer; the first when left out")
    parser.add_argument("--from", required=True, dest="covers_from", help="first day covered, YYYY-MM-DD")
    parser.add_argument("--to", dest="covers_to", help="last day covered; the first one when left out")
    parser.add_argument("--delivery-id", help="made from the time when left out")
    parser.add_argument("--produced-at", help="2026-11-22T01:00:00+01:00; now when left out")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Deposit and say where; a refusal is one readable line and the exit code of its kind."""
    try:
        settings = open_root()
        arguments = parse(argv)
        absent = [str(path) for path in arguments.files if not path.is_file()]
        if absent:
            raise ConfigError(f"no such file: {', '.join(absent)}")
        place = deposit(settings, build(settings, arguments), arguments.files)
    except JobError as error:
        say(f"deposit: {error}")
        return error.exit_code
    print(
        f"deposited {place.source}/{place.producer}/{place.delivery_id}: {len(arguments.files)} files and the manifest"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
