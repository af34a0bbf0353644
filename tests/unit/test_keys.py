"""Keys: made once, closed to others, missed when they are gone, and visible nowhere."""

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.errors import ConfigError
from jobs.core.keys import (
    check_value,
    current_version,
    ensure_key,
    key_bytes,
    key_path,
    key_table,
    require_same_key,
)
from jobs.core.settings import Settings
from jobs.core.tokens import token_base32, with_key


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
        key_path(settings, "project")


def test_another_or_a_lost_key_is_noticed(settings: Settings) -> None:
    require_same_key(settings, "index", None)
    known = check_value(settings, "index")
    require_same_key(settings, "index", known)
    path = ensure_key(settings, "index")
    path.chmod(0o600)
    path.write_bytes(bytes(32))
    path.chmod(0o400)
    with pytest.raises(ConfigError, match="not the key"):
        require_same_key(settings, "index", known)
    path.unlink()
    with pytest.raises(ConfigError, match="missing"):
        require_same_key(settings, "index", known)
    assert not path.exists()


def test_no_key_in_a_plan(spark: SparkSession, settings: Settings) -> None:
    key = key_bytes(settings, "centre")
    made = with_key(spark.range(3).selectExpr("string(id) AS id"), key_table(spark, settings, "centre"))
    frame = made.select(token_base32("person", made["id"]).alias("pseudonym"))
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
