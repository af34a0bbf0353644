"""Keys: made once, closed to others, missed when they are gone, and visible nowhere."""

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.audit.check import read
from jobs.core.custody import Key, holder
from jobs.core.errors import ConfigError
from jobs.core.keys import (
    check_value,
    current_version,
    destroy_key,
    destroyed,
    ensure_key,
    key_bytes,
    key_table,
    project_key,
    require_same_key,
)
from jobs.core.settings import Settings, prepare_root
from jobs.core.tokens import token_hex, with_key


def test_a_key_is_made_once_and_closed(settings: Settings) -> None:
    first = ensure_key(settings, "index")
    assert first.stat().st_mode & 0o777 == 0o400
    assert len(key_bytes(settings, "index")) == 32
    assert key_bytes(settings, "index") == key_bytes(settings, "index")
    assert key_bytes(settings, "centre") != key_bytes(settings, "index")
    first.chmod(0o440)
    with pytest.raises(ConfigError, match="0400"):
        key_bytes(settings, "index")


def test_versions(settings: Settings) -> None:
    assert current_version(settings, "centre") == 1
    ensure_key(settings, "centre", 2)
    ensure_key(settings, "centre", 10)
    assert current_version(settings, "centre") == 10
    assert current_version(settings, "index") == 1
    with pytest.raises(ConfigError, match="no key"):
        Key("prefect")


def test_another_or_a_lost_key_is_noticed(settings: Settings) -> None:
    require_same_key(settings, "index", None)
    known = check_value(settings, "index")
    require_same_key(settings, "index", known)
    path = ensure_key(settings, "index")
    path.chmod(0o600)
    path.write_bytes(bytes(range(32)))
    path.chmod(0o400)
    with pytest.raises(ConfigError, match="not the key"):
        require_same_key(settings, "index", known)
    path.unlink()
    with pytest.raises(ConfigError, match="missing"):
        require_same_key(settings, "index", known)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"short", bytes(32), bytes(range(33))])
def test_a_damaged_key_is_no_key(settings: Settings, content: bytes) -> None:
    path = ensure_key(settings, "centre")
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(ConfigError, match=r"KEY-005: centre.v1.key is no key of 32 bytes"):
        key_bytes(settings, "centre")


def test_a_folder_of_keys_that_others_enter(settings: Settings) -> None:
    ensure_key(settings, "centre")
    settings.keys.chmod(0o750)
    with pytest.raises(ConfigError, match="KEY-001: keys can be read by others: its mode must be 0700"):
        key_bytes(settings, "centre")


def test_a_destroyed_key_never_comes_back(settings: Settings) -> None:
    known = check_value(settings, "centre")
    ensure_key(settings, "centre", 2)
    destroy_key(settings, "centre", 1, "rotation")
    destroy_key(settings, "centre", 1, "rotation")
    assert destroyed(settings) == {"centre.v1": {"check": known, "cause": "rotation"}}
    assert current_version(settings, "centre") == 2
    with pytest.raises(ConfigError, match=r"KEY-007: centre.v1 was destroyed"):
        key_bytes(settings, "centre", 1)
    assert [path.name for path in settings.keys.iterdir()] == ["centre.v2.key"]


# RFC 5869, appendix A.1: the key that extraction gives, and the first 32 bytes that expansion makes of it.
RFC_KEY = bytes.fromhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
RFC_INFO = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
RFC_MADE = bytes.fromhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")


def test_derivation_is_that_of_the_standard(settings: Settings) -> None:
    path = ensure_key(settings, "projects")
    path.chmod(0o600)
    path.write_bytes(RFC_KEY)
    path.chmod(0o400)
    assert holder(settings, Key("projects")).derived(Key("projects"), RFC_INFO) == RFC_MADE


def test_each_project_and_epoch_has_its_own_key(settings: Settings, tmp_path: Path) -> None:
    keys = {project_key(settings, name, epoch) for name in ("asthma", "diabetes") for epoch in (1, 2)}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
    assert project_key(settings, "asthma", 1) in keys
    assert project_key(prepare_root(tmp_path / "other", "synthetic"), "asthma", 1) not in keys, "another root's key"
    for name, epoch in (("asthma|1", 1), ("", 1), ("asthma", 0), ("DUPONT", 1)):
        with pytest.raises(ConfigError, match="named by small letters"):
            project_key(settings, name, epoch)


def test_opening_a_key_is_told_once_a_process(settings: Settings) -> None:
    for _ in range(3):
        key_bytes(settings, "collector")
    told = [(line.value["what"], line.value["key"]) for line in read(settings.audit)]
    assert told == [("key made", "collector.v1"), ("key used", "collector.v1")]
    assert key_bytes(settings, "collector").hex() not in "".join(p.read_text() for p in settings.audit.glob("*.json*"))


def test_no_key_in_a_plan(spark: SparkSession, settings: Settings) -> None:
    key = key_bytes(settings, "centre")
    made = with_key(spark.range(3).selectExpr("string(id) AS id"), key_table(spark, settings, "centre"))
    frame = made.select(token_hex("person", made["id"]).alias("token"))
    text = io.StringIO()
    with redirect_stdout(text):
        frame.explain(True)
    plan = (text.getvalue() + frame._jdf.queryExecution().toString()).lower()
    assert "hmac" in plan
    assert "person" in plan  # literals do show: that is why the key must not be one
    assert key.hex() not in plan
    assert key[:8].hex() not in plan
    assert frame.distinct().count() == 3


def test_a_literal_key_would_show(spark: SparkSession) -> None:
    """The search above can fail: with the key as a literal it finds it."""
    from pyspark.sql import functions as F

    key = bytes(range(32))
    frame = spark.range(1).select(F.call_function("hmac", F.lit(key), F.lit(b"m"), F.lit("SHA256")).alias("h"))
    assert key.hex() in frame._jdf.queryExecution().toString().lower()


def test_key_files_are_outside_tracked_files(settings: Settings) -> None:
    assert Path(settings.repo) not in ensure_key(settings, "collector").parents
