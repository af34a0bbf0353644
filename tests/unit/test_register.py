"""The register's cell of formats: one, or several separated by a blank."""

from pathlib import Path

import pytest

from jobs.core.errors import ConfigError
from jobs.core.manifest import BadManifest, Manifest, describe_file, write_manifest
from jobs.core.register import COLUMNS, load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.landing.deposit import main as deposit
from jobs.pull import read_pull
from jobs.pull.job import pull

NIGHT = "2026-03-10"


def write(settings: Settings, formats: str) -> None:
    line = f"990000010,hospital,n,{formats},,,,nobody@example.org,active"
    (settings.root / "producers.csv").write_text("\n".join([",".join(COLUMNS), line]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("cell", "formats"),
    [("pmsi-mco", ("pmsi-mco",)), ("pmsi-mco rpu-oscour", ("pmsi-mco", "rpu-oscour")), (" a  b ", ("a", "b"))],
)
def test_formats_of_a_producer(settings: Settings, cell: str, formats: tuple[str, ...]) -> None:
    write(settings, cell)
    assert load_register(settings)["990000010"].formats == formats


def test_a_format_named_twice_is_a_typing_error(settings: Settings) -> None:
    write(settings, "pmsi-mco pmsi-mco")
    with pytest.raises(ConfigError, match="line 2: a format is named twice"):
        load_register(settings)


def test_a_delivery_in_any_of_the_formats_is_taken_and_no_other(settings: Settings) -> None:
    write(settings, "pmsi-mco rpu-oscour")
    for name in ("pmsi-mco", "rpu-oscour", "rpu"):
        folder = settings.landing / "hospital" / "990000010" / name
        folder.mkdir(parents=True)
        (folder / "f").write_text(name)
        files = (describe_file(folder / "f"),)
        day, moment = "2026-03-09", "2026-03-10T01:00:00+01:00"
        write_manifest(folder, Manifest(folder.name, "990000010", "hospital", name, moment, day, day, "replace", files))
    pull(settings, NIGHT, "hospital")
    found = read_pull(settings, "hospital", NIGHT)
    assert found is not None
    told = {one["delivery_id"]: (one["status"], one["rule"]) for one in found["deliveries"]}
    taken = ("complete", None)
    assert told == {"pmsi-mco": taken, "rpu-oscour": taken, "rpu": ("corrupt", "DEL-005")}


def test_the_deposit_command_takes_the_first_format_or_the_one_that_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    write(settings, "pmsi-mco rpu-oscour")
    (tmp_path / "f.xml").write_text("x")
    common = ["--source", "hospital", "--producer", "990000010", "--mode", "append", "--from", "2026-03-09"]
    for name, more in (
        ("first", ["--transmission", "fast_track"]),
        ("named", ["--format", "rpu-oscour"]),
    ):
        assert deposit([*common, "--delivery-id", name, *more, str(tmp_path / "f.xml")]) == 0
    wrong = [*common, "--delivery-id", "wrong", "--format", "rpu", str(tmp_path / "f.xml")]
    assert deposit(wrong) == ConfigError.exit_code
    assert deposit([*common, "--delivery-id", "added", str(tmp_path / "f.xml")]) == BadManifest.exit_code
    manifests = {path.parent.name: read_json(path) for path in settings.landing.glob("*/*/*/manifest.json")}
    assert {name: one["format"] for name, one in manifests.items()} == {"first": "pmsi-mco", "named": "rpu-oscour"}
    assert {name: one.get("transmission") for name, one in manifests.items()} == {"first": "fast_track", "named": None}
