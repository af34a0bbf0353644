"""A backup brings back every byte, opens only with its passphrase, and overwrites nothing."""

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from jobs.backup import seal
from jobs.backup.__main__ import backup
from jobs.backup.__main__ import main as backup_main
from jobs.backup.content import ZONES
from jobs.backup.restore import main as restore_main
from jobs.backup.restore import restore
from jobs.backup.seal import CHUNK, HEAD_BYTES, Opener, Sealer
from jobs.core.attempt import lock
from jobs.core.errors import ConfigError, DataRefused, TryAgain
from jobs.core.keys import NAMES, ensure_key, key_bytes
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import write_json

SECRET = b"a passphrase of several words"


@pytest.fixture(autouse=True)
def cheap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess costs half a second on purpose; one test pays it."""
    if request.node.name != "test_the_commands":
        monkeypatch.setattr(seal, "LOG2_N", 10)


PLACE = """
[[place]]
kind = "path"
at = "{at}"
region = "another room"
operator = "the site"
jurisdiction = "FR"
"""


@pytest.fixture
def root(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    text = (settings.repo / "config" / "storage.toml").read_text() + PLACE.replace("{at}", str(tmp_path))
    (settings.root / "storage.toml").write_text(text)
    monkeypatch.setenv("VEILLEE_STORAGE", str(settings.root / "storage.toml"))
    for name in NAMES:
        ensure_key(settings, name)
    for zone in ("identity", "crosswalk", "ledger", "standard", "raw", "quarantine"):
        write_json(settings.root / zone / "2026-11-22" / "pointer.json", {"zone": zone})
    pool = settings.identity / "pool" / "ab"
    pool.mkdir(parents=True)
    (pool / "file.parquet").write_bytes(b"CANARY-IDENTITY" * 200_000)
    (pool / ".draft.123").write_text("left by a killed job")
    return settings


@pytest.fixture
def made(root: Settings, tmp_path: Path) -> Path:
    backup(root, tmp_path / "kept.backup", SECRET)
    return tmp_path / "kept.backup"


def content(settings: Settings) -> dict[str, tuple[str, int]]:
    return {
        path.relative_to(settings.root).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode & 0o777,
        )
        for zone in ZONES
        for path in (settings.root / zone).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_backup_destroy_restore_same_bytes(root: Settings, made: Path, tmp_path: Path) -> None:
    before = content(root)
    secret_before = key_bytes(root, "index")
    sealed = made.read_bytes()
    assert b"CANARY-IDENTITY" not in sealed
    assert secret_before not in sealed
    assert made.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(root.root)
    fresh = Settings(root=tmp_path / "fresh")
    done = restore(fresh, made, SECRET)
    assert content(fresh) == before
    assert done["files"] == len(before) + 1  # and the stamp of the root
    assert fresh.kind == "synthetic"
    assert key_bytes(fresh, "index") == secret_before, "the same key, hence the same pseudonyms"
    assert not (fresh.root / "raw" / "2026-11-22").exists(), "raw bytes are not part of it"
    assert list((fresh.work / "attempts").iterdir()) == []


def test_a_root_that_holds_data_is_not_overwritten(root: Settings, made: Path) -> None:
    before = content(root)
    with pytest.raises(DataRefused, match="not empty"):
        restore(root, made, SECRET)
    write_json(root.ledger / "later.json", {})
    done = restore(root, made, SECRET, replace=True)
    assert content(root) == before
    assert (root.root / done["aside"] / "ledger" / "later.json").is_file(), "set aside, not lost"


def test_another_kind_of_root_is_refused(made: Path, tmp_path: Path) -> None:
    other = prepare_root(tmp_path / "real", "real")
    with pytest.raises(ConfigError, match="stamped real"):
        restore(other, made, SECRET)
    assert content(other) == {}


@pytest.mark.parametrize(
    "damage", ["passphrase", "flip", "cut", "cut at a chunk", "swap", "append", "head", "no backup"]
)
def test_what_is_not_the_backup_is_refused_whole(made: Path, tmp_path: Path, damage: str) -> None:
    data = bytearray(made.read_bytes())
    step = CHUNK + 16
    first, second = slice(HEAD_BYTES, HEAD_BYTES + step), slice(HEAD_BYTES + step, HEAD_BYTES + 2 * step)
    assert len(data) > HEAD_BYTES + 2 * step
    if damage == "flip":
        data[-1_000] ^= 1
    elif damage == "cut":
        del data[-7:]
    elif damage == "cut at a chunk":
        del data[HEAD_BYTES + step :]
    elif damage == "swap":
        data[first], data[second] = data[second], data[first]
    elif damage == "append":
        data += data[first]
    elif damage == "head":
        data[20] ^= 1
    elif damage == "no backup":
        data = bytearray(b"something else")
    made.write_bytes(data)
    fresh = Settings(root=tmp_path / "fresh")
    with pytest.raises(DataRefused):
        restore(fresh, made, b"another passphrase!" if damage == "passphrase" else SECRET)
    assert content(fresh) == {}


@pytest.mark.parametrize("name", ["../evil", "keys/../../evil", "/tmp/evil", "published/x", "keys"])
def test_an_archive_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil.backup"
    with path.open("wb") as stream:
        sealer = Sealer(stream, SECRET)
        with tarfile.open(fileobj=sealer, mode="w|") as archive:  # type: ignore[call-overload]
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
        sealer.finish()
    with pytest.raises(DataRefused, match="no file of a zone"):
        restore(Settings(root=tmp_path / "fresh"), path, SECRET)


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_sealed_then_opened_is_the_same(length: int) -> None:
    data = bytes(range(256)) * (length // 256 + 1)
    sealed = io.BytesIO()
    sealer = Sealer(sealed, SECRET)
    sealer.write(data[:length])
    sealer.finish()
    sealed.seek(0)
    assert io.BufferedReader(Opener(sealed, SECRET)).read() == data[:length]


def test_no_backup_while_a_job_runs_and_none_overwritten(root: Settings, made: Path, tmp_path: Path) -> None:
    with lock(root, "pharmacy"), pytest.raises(TryAgain):
        backup(root, tmp_path / "other.backup", SECRET)
    with pytest.raises(ConfigError, match="never overwrites"):
        backup(root, made, SECRET)
    assert sorted(path.name for path in tmp_path.glob("*.backup")) == ["kept.backup"]
    assert list(tmp_path.glob(".*backup*")) == []


@pytest.mark.parametrize("linked", [False, True], ids=["elsewhere", "a link that leads elsewhere"])
def test_a_backup_goes_nowhere_that_the_storage_policy_does_not_name(
    root: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], linked: bool
) -> None:
    far, secret = tmp_path / "far", tmp_path / "passphrase"
    far.mkdir()
    secret.write_bytes(SECRET)
    secret.chmod(0o400)
    (root.root / "kept").symlink_to(far)
    monkeypatch.delenv("VEILLEE_STORAGE")  # the policy as it is: nothing but the root
    target = (root.root / "kept" if linked else far) / "x.backup"
    before = (root.audit / "head.json").read_bytes()
    assert backup_main(["--to", str(target), "--passphrase-file", str(secret)]) == 78
    assert f"RES-001: {far} is outside the places of the storage policy" in capsys.readouterr().err
    assert list(far.iterdir()) == []
    assert (root.audit / "head.json").read_bytes() == before


def test_the_commands(
    root: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, target = tmp_path / "passphrase", tmp_path / "by-command.backup"
    secret.write_bytes(SECRET + b"\n")
    secret.chmod(0o644)
    arguments = ["--to", str(target), "--passphrase-file", str(secret)]
    assert backup_main(arguments) == 78
    assert "can be read by others" in capsys.readouterr().err
    secret.chmod(0o400)
    assert backup_main(arguments) == 0
    before = content(root)
    assert "audit/head.json" in before
    assert restore_main(["--from", str(target), "--passphrase-file", str(secret)]) == 65
    monkeypatch.setenv("VEILLEE_ROOT", str(tmp_path / "fresh"))
    assert restore_main(["--from", str(target), "--passphrase-file", str(secret)]) == 0
    assert content(Settings(root=tmp_path / "fresh")) == before
    told = capsys.readouterr()
    assert SECRET.decode() not in told.out + told.err


def test_without_standard(root: Settings, tmp_path: Path) -> None:
    backup(root, tmp_path / "small.backup", SECRET, ("keys", "identity", "crosswalk", "ledger"))
    fresh = Settings(root=tmp_path / "fresh")
    assert restore(fresh, tmp_path / "small.backup", SECRET)["zones"] == ["keys", "identity", "crosswalk", "ledger"]
    assert list(fresh.standard.iterdir()) == []
