"""Keys in a key service that speaks PKCS#11, as the hardware modules of hospitals do; tested with SoftHSM 2.

A key is a secret object of the token that cannot be read out (sensitive, not extractable). What a run works with is
derived inside: HMAC-SHA-256 of the token over ``info`` and the byte 1 is HKDF-Expand's one block under that key.
"""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from jobs.core.custody.api import BYTES, Key, fault

LABEL = re.compile(r"veillee\.([a-z]+)\.v([1-9]\d*)")
RUN = b"run\x1f"
REMEDY = "see the section on the key service in docs/how-to/keys.md"


class Pkcs11Custody:
    """A token of a PKCS#11 module. ``pin_file``: mode 0400, outside the repository; ``lock``: in the work zone."""

    def __init__(self, module: str, token: str, pin_file: Path, lock: Path):
        self.module, self.token, self.pin_file, self.lock = module, token, pin_file, lock

    def versions(self, name: str) -> list[int]:
        """Versions that the token holds."""
        with self.session() as (p11, session):
            found = [LABEL.fullmatch(one.label) for one in session.get_objects({p11.Attribute.CLASS: secret(p11)})]
        return sorted({int(match[2]) for match in found if match and match[1] == name})

    def make(self, key: Key) -> None:
        """Make a key inside the token."""
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with self.lock.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # labels need not be unique to a token: one maker at a time
            if key.version in self.versions(key.name):
                return
            with self.session(write=True) as (p11, session):
                names = p11.Attribute
                closed = {names.SENSITIVE: True, names.EXTRACTABLE: False, names.SIGN: True}
                kind = p11.KeyType.GENERIC_SECRET
                session.generate_key(kind, BYTES * 8, label=label(key), store=True, template=closed)

    def working(self, key: Key) -> bytes:
        """The key of a run: derived, always the same, and not the token's own key."""
        return self.derived(key, RUN + str(key).encode())

    def derived(self, key: Key, info: bytes) -> bytes:
        """A key made inside the token. Raises ConfigError: KEY-002 missing, KEY-006 not to be reached."""
        if key.version not in self.versions(key.name):
            raise fault("KEY-002", f"{key} is missing in token {self.token}", "restore the token from its backup")
        with self.session() as (p11, session):
            held = session.get_key(object_class=secret(p11), label=label(key))
            return bytes(held.sign(info + b"\x01", mechanism=p11.Mechanism.SHA256_HMAC))

    def destroy(self, key: Key) -> None:
        """Destroy the token's object."""
        if key.version in self.versions(key.name):
            with self.session(write=True) as (p11, session):
                session.get_key(object_class=secret(p11), label=label(key)).destroy()

    @contextmanager
    def session(self, write: bool = False) -> Iterator[tuple[Any, Any]]:
        """An opened session. Raises ConfigError (KEY-006) in words: the module's own may quote more than it should."""
        try:
            p11: Any = import_module("pkcs11")
        except ImportError:
            raise fault("KEY-006", "the Python package python-pkcs11 is not installed", REMEDY) from None
        pin = self.pin()
        try:
            with p11.lib(self.module).get_token(token_label=self.token).open(user_pin=pin, rw=write) as session:
                yield p11, session
        except (p11.PKCS11Error, RuntimeError) as error:
            what = f"token {self.token} of {Path(self.module).name} refuses ({type(error).__name__})"
            raise fault("KEY-006", what, REMEDY) from None

    def pin(self) -> str:
        """The PIN from its file. Raises ConfigError: KEY-001 open to others, KEY-006 missing."""
        if not self.pin_file.is_file():
            raise fault("KEY-006", f"there is no PIN file {self.pin_file}", REMEDY)
        if self.pin_file.stat().st_mode & 0o077:
            raise fault("KEY-001", f"{self.pin_file} can be read by others", "its mode must be 0400; change the PIN")
        return self.pin_file.read_text(encoding="utf-8").strip()


def secret(p11: Any) -> Any:
    """The class of secret keys."""
    return p11.ObjectClass.SECRET_KEY


def label(key: Key) -> str:
    """The label of a key in the token."""
    return f"veillee.{key}"
