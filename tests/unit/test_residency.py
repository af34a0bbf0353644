"""The storage policy: what it does not name is refused, by name, before a byte is written there."""

import json
from pathlib import Path

import pytest

from jobs.audit.__main__ import main as audit_main
from jobs.core.cli import run_job
from jobs.core.errors import ConfigError
from jobs.core.mounts import Mount, mount_of, mounts
from jobs.core.residency import Storage, load_storage, require_endpoint, require_path, require_residency
from jobs.core.settings import Settings
from jobs.landing.s3 import S3Landing
from jobs.report.facts import point, run_facts
from jobs.report.render import render_page
from ops.root import main as root_main

ELSEWHERE = """
[[place]]
kind = "endpoint"
at = "https://s3.gra.example.net"
region = "gra"
operator = "example"
jurisdiction = "FR"
"""
SHARE = """
[[place]]
kind = "mount"
at = "/mnt/zone"
source = "nas.example:/veillee"
region = "Lyon"
operator = "example"
jurisdiction = "FR"
"""
TABLE = """21 1 254:0 / / rw - ext4 /dev/vda rw
30 21 0:40 / /mnt/zone rw - nfs4 nas.example:/veillee rw
31 21 0:41 / /mnt/zone/a\\040b rw shared:3 - fuse.rclone far:bucket rw
32 21 0:42 / /srv rw - tmpfs tmpfs rw
33 21 0:43 / /srv rw - cifs //far/share rw
"""


def policy(settings: Settings, monkeypatch: pytest.MonkeyPatch, more: str = "", **changes: str) -> Storage:
    text = (settings.repo / "config" / "storage.toml").read_text() + more
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (settings.root / "storage.toml").write_text(text)
    monkeypatch.setenv("VEILLEE_STORAGE", str(settings.root / "storage.toml"))
    return load_storage(settings)


def stage(settings: Settings, night: str, source: str | None) -> dict[str, object]:
    (settings.landing / "written").write_text("a byte")
    return {}


def test_a_root_on_a_disk_of_this_machine_is_allowed(settings: Settings) -> None:
    require_residency(settings)
    assert run_job("pull", stage, ["--night", "2026-11-22"]) == 0


def test_a_zone_that_leads_elsewhere_is_refused_and_nothing_written(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings.landing.rmdir()
    settings.landing.symlink_to(elsewhere)
    assert run_job("pull", stage, ["--night", "2026-11-22"]) == 78
    said = capsys.readouterr().err
    assert f"RES-001: {elsewhere} is outside the places of the storage policy: name it in config/storage.toml" in said
    assert list(elsewhere.iterdir()) == list(settings.audit.iterdir()) == list(settings.work.iterdir()) == []
    assert audit_main(["--check"]) == 78


def test_a_link_below_a_zone_is_followed(settings: Settings, tmp_path: Path) -> None:
    (settings.standard / "pharmacy").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="RES-001"):
        require_residency(settings)


def test_a_share_is_refused_unless_it_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_text(TABLE)
    known = mounts(tmp_path / "mountinfo")
    assert mount_of(Path("/mnt/zone/a b/raw"), known) == Mount(Path("/mnt/zone/a b"), "fuse.rclone", "far:bucket")
    assert mount_of(Path("/mnt/zoned"), known).kind == "ext4"
    root = Path("/mnt/zone")
    with pytest.raises(ConfigError, match=r"RES-002: /mnt/zone/raw lies on nas.example:/veillee \(nfs4\)"):
        require_path(policy(settings, monkeypatch), root, root / "raw", known)
    named = policy(settings, monkeypatch, SHARE)
    require_path(named, root, root / "raw", known)
    for path, source in ((root / "a b", "far:bucket"), (Path("/srv/x"), "//far/share")):
        with pytest.raises(ConfigError, match=rf"RES-002: {path} lies on {source}"):
            require_path(named, path, path, known)
    moved = policy(settings, monkeypatch, SHARE, **{"nas.example:": "other.example:"})
    with pytest.raises(ConfigError, match="RES-002"):  # the same place, mounted from another machine
        require_path(moved, root, root / "raw", known)


def test_a_new_root_is_judged_before_it_is_made(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(settings, monkeypatch, **{"{root}": "/srv/health"})
    assert root_main(["--root", str(tmp_path / "new"), "--kind", "real"]) == 78
    assert "RES-001" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("url", "region", "allowed"),
    [
        ("http://127.0.0.1:9000", None, True),
        ("http://[::1]:9000", "us-east-1", True),
        ("https://s3.gra.example.net", "gra", True),
        ("https://bucket.s3.gra.example.net/key", None, True),
        ("https://s3.gra.example.net", "sbg", False),
        ("http://s3.gra.example.net", "gra", False),
        ("https://s3.gra.example.net:8443", "gra", False),
        ("https://s3.gra.example.net.evil.example", "gra", False),
        ("https://evils3.gra.example.net", "gra", False),
        ("https://s3.us-east-1.amazonaws.com", "us-east-1", False),
        ("http://127.0.0.1.example.net", None, False),
        ("nonsense", None, False),
    ],
)
def test_stores(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str, region: str | None, allowed: bool
) -> None:
    storage = policy(settings, monkeypatch, ELSEWHERE)
    if allowed:
        require_endpoint(storage, url, region)
    else:
        with pytest.raises(ConfigError, match=r"RES-003: the store .* is not in the storage policy"):
            require_endpoint(storage, url, region)


@pytest.mark.parametrize(
    "declared",
    [{"endpoint": "https://far.example"}, {"region": "us-east-1"}, {}, {"endpoint": "http://127.0.0.1:9@far.example"}],
)
def test_no_client_is_made_for_a_store_that_is_not_allowed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, declared: dict[str, str]
) -> None:
    def made(*_: object, **__: object) -> None:
        raise AssertionError("a client was made")

    monkeypatch.setattr("jobs.landing.s3.boto3.Session", made)
    with pytest.raises(ConfigError, match="RES-003"):
        S3Landing.from_policy({"bucket": "b", **declared}, storage=load_storage(settings))


def test_a_request_that_is_led_elsewhere_is_stopped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The declared store is allowed, but the client came to ask another one, as after a redirection."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    declared = {"bucket": "bucket", "endpoint": "http://127.0.0.1:9", "region": "gra", "path_style": True}
    landing = S3Landing.from_policy(declared, storage=load_storage(settings))

    def lead(request: object, **_: object) -> None:
        vars(request)["url"] = "https://far.example/bucket"

    landing.client.meta.events.register_first("before-send.s3", lead)
    with pytest.raises(ConfigError, match=r"RES-003: the store https://far.example is not"):
        landing.inventory("pharmacy")


def test_key_services(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (settings.repo / "config" / "policy.toml").read_text()
    own = 'service = "pkcs11"\ntoken = "t"\npin_file = "/p"\nmodule = "/opt/far.so"\n'
    (settings.root / "policy.toml").write_text(text.replace('service = "files"', own, 1))
    monkeypatch.setenv("VEILLEE_POLICY", str(settings.root / "policy.toml"))
    with pytest.raises(ConfigError, match=r"RES-004: the key service /opt/far.so"):
        require_residency(Settings(settings.root))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('jurisdictions = ["FR"]', 'jurisdictions = ["BE"]', "stands under the law of FR: allowed is BE"),
        ('kind = "path"', 'kind = "cloud"', "no known kind"),
        ('operator = "the site"', "", "cannot be used"),
        ("[[place]]", "[[place", "cannot be used"),
    ],
)
def test_a_policy_that_is_not_right(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"RES-005: .*{said}"):
        policy(settings, monkeypatch, **{old: new})
    monkeypatch.setenv("VEILLEE_STORAGE", "/nowhere.toml")
    with pytest.raises(ConfigError, match="RES-005"):
        load_storage(settings)


def test_the_run_page_shows_the_policy_in_force(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    policy(settings, monkeypatch, SHARE)
    facts = run_facts(settings, "2026-11-22")
    assert [place["kind"] for place in facts["storage"]["places"]] == ["path", "endpoint", "key_service", "mount"]
    page = render_page(facts, [point(facts)])
    assert "nas.example:/veillee" in page and "Politique de stockage en vigueur" in page
    assert str(settings.root) not in json.dumps(facts)
