"""The key service behind PKCS#11, with SoftHSM 2. Skipped without `apt install softhsm2` or python-pkcs11."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.core import keys
from jobs.core.custody import Key, holder
from jobs.core.custody.lent import clear
from jobs.core.errors import ConfigError
from jobs.core.keys import check_value, destroy_key, ensure_key, key_bytes, key_table, project_key, versions
from jobs.core.settings import Settings
from jobs.core.tokens import text_hex, token_hex, with_key
from ops.preflight import SOFTHSM
from tests.unit.test_keys import RFC_INFO, RFC_KEY, RFC_MADE

pkcs11: Any = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: make setup")
MODULE = next((str(path) for path in SOFTHSM if path.is_file()), None)
pytestmark = pytest.mark.skipif(MODULE is None, reason="SoftHSM is missing: apt install softhsm2")
PIN = "5738-1902"
UTIL = "/usr/bin/softhsm2-util"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A SoftHSM of its own, with one token; the folder with its PIN file. A module is loaded once a process."""
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    (folder / "pin").write_text(f"{PIN}\n")
    (folder / "pin").chmod(0o400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        options = ["--init-token", "--free", "--label", "veillee", "--pin", PIN, "--so-pin", PIN]
        subprocess.run([UTIL, *options], check=True, capture_output=True)
        yield folder


@pytest.fixture
def site(token: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A root whose new keys are made in the token, empty before and after."""
    declare(settings, monkeypatch, token / "pin")
    yield settings
    with pkcs11.lib(MODULE).get_token(token_label="veillee").open(user_pin=PIN, rw=True) as session:
        for held in list(session.get_objects()):
            held.destroy()


def declare(settings: Settings, monkeypatch: pytest.MonkeyPatch, pin_file: Path, label: str = "veillee") -> None:
    """Let the policy name the token."""
    policy = (settings.repo / "config" / "policy.toml").read_text()
    own = f'service = "pkcs11"\nmodule = "{MODULE}"\ntoken = "{label}"\npin_file = "{pin_file}"\n'
    assert 'service = "files"' in policy
    path = settings.root / "policy.toml"
    path.write_text("\n".join(own if line.startswith('service = "files"') else line for line in policy.splitlines()))
    monkeypatch.setenv("VEILLEE_POLICY", str(path))
    settings.__dict__.pop("policy", None)


def test_a_key_is_made_in_the_token_and_stays_there(site: Settings) -> None:
    first = key_bytes(site, "centre")
    assert (len(first), first) == (32, key_bytes(site, "centre"))
    assert versions(site, "centre") == [1]
    assert first != key_bytes(site, "centre", 2) != key_bytes(site, "index")
    assert list(site.keys.iterdir()) == [], "no file holds it"
    with pkcs11.lib(MODULE).get_token(token_label="veillee").open(user_pin=PIN) as session:
        held = session.get_key(label="veillee.centre.v1")
        with pytest.raises(pkcs11.exceptions.PKCS11Error):
            held[pkcs11.Attribute.VALUE]
    assert project_key(site, "asthma", 1) != project_key(site, "asthma", 2)


def test_derivation_is_that_of_files(site: Settings) -> None:
    names = pkcs11.Attribute
    with pkcs11.lib(MODULE).get_token(token_label="veillee").open(user_pin=PIN, rw=True) as session:
        session.create_object({
            names.CLASS: pkcs11.ObjectClass.SECRET_KEY, names.KEY_TYPE: pkcs11.KeyType.GENERIC_SECRET,
            names.TOKEN: True, names.LABEL: "veillee.projects.v1", names.VALUE: RFC_KEY, names.SIGN: True,
        })  # fmt: skip
    assert holder(site, Key("projects")).derived(Key("projects"), RFC_INFO) == RFC_MADE


def test_a_file_stays_where_it_is_and_its_successor_is_made_in_the_token(
    settings: Settings, token: Path, site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.keys / "centre.v1.key").write_bytes(bytes(range(32)))
    (site.keys / "centre.v1.key").chmod(0o400)
    assert key_bytes(site, "centre", 1) == bytes(range(32))
    ensure_key(site, "centre", 2)
    assert [path.name for path in site.keys.iterdir()] == ["centre.v1.key"]
    destroy_key(site, "centre", 1, "rotation")
    assert versions(site, "centre") == [2]
    (site.keys / "centre.v2.key").write_bytes(bytes(range(32)))
    with pytest.raises(ConfigError, match="KEY-008"):
        key_bytes(site, "centre", 2)


def test_spark_sees_a_file_in_memory_and_no_key(spark: SparkSession, site: Settings) -> None:
    rows = with_key(spark.createDataFrame([("p",)], "id string"), key_table(spark, site, "centre"))
    made = rows.select(token_hex("person", rows["id"]))
    text = io.StringIO()
    with redirect_stdout(text):
        made.explain(True)
    key = key_bytes(site, "centre")
    assert key.hex() not in (text.getvalue() + made._jdf.queryExecution().toString()).lower()
    assert made.collect()[0][0] == text_hex(key, "person", "p")
    path = ensure_key(site, "centre")
    assert path.parent.parent == Path("/dev/shm")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o400, 0o700)


def test_what_is_lent_goes_with_the_process(tmp_path: Path) -> None:
    code = "from jobs.core.custody.lent import lend; print(lend('centre.v1', bytes(range(32))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not Path(done.stdout.strip()).exists()
    (tmp_path / "veillee-999999999-killed").mkdir()
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_or_another_key_is_noticed(site: Settings) -> None:
    known = check_value(site, "centre")
    destroy = holder(site, Key("centre")).destroy
    destroy(Key("centre"))
    with pytest.raises(ConfigError, match=r"KEY-002: centre.v1 is missing although earlier nights used it"):
        keys.require_same_key(site, "centre", known)
    key_bytes(site, "centre")
    with pytest.raises(ConfigError, match="KEY-003"):
        keys.require_same_key(site, "centre", known)


@pytest.mark.parametrize("fault", ["pin", "open pin", "no pin", "token", "module", "package"])
def test_a_service_that_cannot_be_used_says_why(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    pin = tmp_path / "pin"
    pin.write_text("0000-0000" if fault == "pin" else PIN)
    pin.chmod(0o444 if fault == "open pin" else 0o400)
    declare(
        site, monkeypatch, tmp_path / "absent" if fault == "no pin" else pin, "none" if fault == "token" else "veillee"
    )
    if fault == "module":
        path = site.root / "policy.toml"
        path.write_text(path.read_text().replace(str(MODULE), "/usr/lib/absent.so"))
    if fault == "package":
        monkeypatch.setitem(sys.modules, "pkcs11", None)
    said = {
        "pin": r"KEY-006: token veillee of libsofthsm2.so refuses \(Pin", "open pin": "KEY-001: .*pin can be read",
        "no pin": "KEY-006: there is no PIN file", "token": r"KEY-006: token none .*NoSuchToken",
        "module": "KEY-006: token veillee of absent.so refuses", "package": "KEY-006: the Python package",
    }  # fmt: skip
    with pytest.raises(ConfigError, match=said[fault]) as caught:
        key_bytes(site, "centre")
    assert "0000-0000" not in str(caught.value) and PIN not in str(caught.value)
