"""The audit: every way to change it shows, and nothing that could name a person gets in."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.audit import log
from jobs.audit.__main__ import main
from jobs.audit.bound import close_past
from jobs.audit.check import check
from jobs.audit.log import START, anchor, audit, hash_of, segments, text_of
from jobs.core.cli import PIPE_CLOSED, run_job
from jobs.core.errors import DataRefused
from jobs.core.settings import REPOSITORY, Settings

NIGHT = "2026-11-22"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the audit's clock stand in a month."""

    def stand(month: str) -> None:
        year, number = map(int, month.split("-"))
        monkeypatch.setattr(log, "now", lambda: datetime(year, number, 5, 3, 0, tzinfo=UTC))

    return stand


@pytest.fixture
def told(settings: Settings, clock: Callable[[str], None]) -> Settings:
    """Five lines in two months."""
    for month, what in (
        ("2026-10", "link"), ("2026-10", "release"), ("2026-10", "key"), ("2026-11", "right"), ("2026-11", "release")
    ):  # fmt: skip
        clock(month)
        audit(settings, what, night=NIGHT, counts={"persons": 7})
    return settings


def lines(settings: Settings) -> list[dict[str, object]]:
    return [json.loads(text) for path in segments(settings.audit) for text in path.read_text().splitlines()]


def test_a_line_says_who_what_and_when(told: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLEE_ROLE", "data steward")
    audit(told, "review", key="centre.v1", counts={"decisions": 3})
    line = lines(told)[-1]
    assert line["who"] == log.who() and log.who()["role"] == "data steward"
    assert (line["n"], line["what"], line["at"]) == (6, "review", "2026-11-05T03:00:00+00:00")
    assert check(told) == {"segments": 2, "lines": 6}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (told.audit, *segments(told.audit)))


def edit(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("".join(f"{text}\n" for text in change(path.read_text().splitlines())))


def forged(text: str) -> str:
    """A line with another count and a hash that fits it."""
    value = json.loads(text) | {"counts": {"persons": 8}}
    return text_of(value | {"hash": hash_of(value)})


@pytest.mark.parametrize(
    ("segment", "change", "message"),
    [
        ("2026-10", lambda rows: [rows[0].replace(":7}", ":8}"), *rows[1:]], "AUD-001: 2026-10.jsonl line 1 was chang"),
        ("2026-10", lambda rows: [forged(rows[0]), *rows[1:]], "AUD-002: 2026-10.jsonl line 2"),
        ("2026-10", lambda rows: [rows[0], rows[2]], "AUD-002: 2026-10.jsonl line 2: line 2 was expected, line 3"),
        ("2026-10", lambda rows: [rows[1], rows[0], rows[2]], "AUD-002: lines before 2026-10.jsonl line 1"),
        ("2026-10", lambda rows: [*rows[:2], rows[1], rows[2]], "AUD-002: 2026-10.jsonl line 3"),
        ("2026-10", lambda rows: rows[:2], "AUD-002: 2026-11.jsonl line 1: line 3 was expected, line 4"),
        ("2026-10", lambda rows: [], "AUD-002: lines before 2026-11.jsonl line 1 are gone"),
        ("2026-11", lambda rows: rows[:1], "AUD-002: line 5 and what follows it are gone"),
        ("2026-11", lambda rows: [rows[0], forged(rows[1])], "AUD-001: the anchor's line 5"),
        ("2026-11", lambda rows: [*rows, "not a line"], "AUD-001: 2026-11.jsonl line 3 cannot be read"),
    ],
)
def test_a_changed_line_is_named(
    told: Settings, segment: str, change: Callable[[list[str]], list[str]], message: str
) -> None:
    check(told)
    edit(told.audit / f"{segment}.jsonl", change)
    with pytest.raises(DataRefused, match=message):
        check(told)


def test_everything_gone_is_noticed(told: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--last", "2"]) == 0
    assert "release night=2026-11-22 persons: 7" in capsys.readouterr().out
    for path in segments(told.audit):
        path.unlink()
    assert main(["--check"]) == 65
    assert "audit: AUD-002: line 1 and what follows it are gone" in capsys.readouterr().err


def test_a_kill_between_line_and_anchor_harms_nothing(told: Settings) -> None:
    newest, before = segments(told.audit)[-1], (told.audit / "head.json").read_text()
    audit(told, "link", night=NIGHT)
    (told.audit / "head.json").write_text(before)  # as it was before the line was anchored
    assert check(told)["lines"] == 6
    with newest.open("a") as stream:
        stream.write('{"n":7,"torn')
    audit(told, "release", night=NIGHT)
    assert check(told)["lines"] == 7
    assert anchor(told.audit)["n"] == 7


def test_twelve_months_are_kept_and_the_rest_still_proves_itself(
    told: Settings, clock: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert close_past(told, "2027-10-31") == 0
    clock("2027-12")
    assert close_past(told, "2027-12-01") == 2
    assert [path.stem for path in segments(told.audit)] == ["2027-12"]
    assert check(told)["lines"] == 2, "one closing record for each"
    clock("2029-01")
    assert close_past(told, "2029-01-01") == 1
    assert lines(told)[0]["n"] == 8
    edit(segments(told.audit)[0], lambda rows: [])
    with pytest.raises(DataRefused, match="AUD-002"):
        check(told)
    clock("2030-06")
    with pytest.raises(DataRefused, match="AUD-002"):
        close_past(told, "2030-06-01")


def test_a_kill_while_segments_go(
    told: Settings, clock: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock("2027-12")
    gone: list[Path] = []

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if gone:
            raise KeyboardInterrupt
        gone.append(path)
        path.rename(path.with_suffix(".aside"))

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", unlink)
        close_past(told, "2027-12-01")
    assert check(told)["lines"] == 4
    assert close_past(told, "2027-12-01") == 1
    check(told)


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "DUPONT"}, {"cause": "Éléonore"}, {"cause": "x" * 101}, {"request": "2990199999999"},
        {"key": bytes(32)}, {"counts": {"persons": 1.5}}, {"counts": {"persons": "many"}},
    ],
)  # fmt: skip
def test_nothing_that_may_name_a_person(settings: Settings, facts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="audit") as caught:
        audit(settings, "review", **facts)
    assert not any(str(value) in str(caught.value) for value in facts.values())
    assert not segments(settings.audit)


def test_hashes_and_releases_pass_whatever_their_digits(settings: Settings) -> None:
    audit(settings, "release", release="2026-11-22-012345678901", key=START)
    assert check(settings)["lines"] == 1


def test_a_stage_leaves_a_line(settings: Settings) -> None:
    def stage(settings: Settings, night: str, source: str | None) -> dict[str, object]:
        return {"release": "2026-11-22-0123456789ab", "rows": 3, "tables": {"person": 3}}

    assert run_job("release", stage, ["--night", NIGHT]) == 0
    (line,) = lines(settings)
    assert (line["what"], line["night"], line["release"]) == ("release", NIGHT, "2026-11-22-0123456789ab")
    assert line["counts"] == {"rows": 3}


def test_a_reader_that_leaves_is_told_no_failure(settings: Settings) -> None:
    """``python -m jobs.audit | head``: whatever a command still had to say goes nowhere, without a stack trace."""
    audit(settings, "link", night="2026-11-22")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "jobs.audit"], stdout=closed, stderr=subprocess.PIPE, check=False, cwd=REPOSITORY
        )
    assert (done.returncode, done.stderr) == (PIPE_CLOSED, b"")
