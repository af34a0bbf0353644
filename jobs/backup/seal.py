"""Authenticated encryption of a stream under a passphrase.

The file is a head of 43 bytes (17 of magic, 16 of salt, log2 n, r and p of scrypt, 7 of nonce), then chunks of 1 MiB,
each sealed with AES-256-GCM and followed by its tag of 16 bytes. The nonce of a chunk is the head's 7 bytes, the
chunk's number in 4 and one byte that is 1 for the last chunk alone, so that chunks can be neither changed, moved, left
out nor cut off unseen. The head is authenticated with every chunk.
"""

import io
import secrets
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from jobs.core.errors import DataRefused

MAGIC = b"VEILLEE-BACKUP-1\n"
CHUNK = 1024 * 1024
TAG = 16
LOG2_N, R, P = 17, 8, 1  # 128 MiB and about half a second per guess
HEAD_BYTES = len(MAGIC) + 16 + 3 + 7


def cipher(passphrase: bytes, head: bytes) -> AESGCM:
    """The cipher for a head. Raises DataRefused when its cost is not one that this version writes."""
    salt, cost = head[len(MAGIC) : len(MAGIC) + 16], head[len(MAGIC) + 16 : len(MAGIC) + 19]
    if tuple(cost) != (LOG2_N, R, P):
        raise DataRefused(
            "The backup was sealed with another cost than this version knows; use the version that made it."
        )
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << LOG2_N, r=R, p=P).derive(passphrase))


def nonce(head: bytes, number: int, last: bool) -> bytes:
    """The nonce of a chunk."""
    return head[-7:] + number.to_bytes(4, "big") + bytes([last])


class Sealer:
    """A file to write to; ``finish`` seals the last chunk. A file without it cannot be opened."""

    def __init__(self, target: BinaryIO, passphrase: bytes):
        self._head = MAGIC + secrets.token_bytes(16) + bytes([LOG2_N, R, P]) + secrets.token_bytes(7)
        self._cipher = cipher(passphrase, self._head)
        self._target = target
        self._waiting = bytearray()
        self._number = 0
        target.write(self._head)

    def write(self, data: bytes) -> int:
        """Take bytes in; a chunk is sealed once it is known not to be the last."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        """Seal what is left as the last chunk."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, data: bytes, last: bool) -> None:
        self._target.write(self._cipher.encrypt(nonce(self._head, self._number, last), data, self._head))
        self._number += 1


class Opener(io.RawIOBase):
    """A sealed file to read from. Raises DataRefused on a wrong passphrase or any damage."""

    def __init__(self, source: BinaryIO, passphrase: bytes):
        self._head = source.read(HEAD_BYTES)
        if len(self._head) != HEAD_BYTES or not self._head.startswith(MAGIC):
            raise DataRefused("This is no backup of Veillée, or it is of another version.")
        self._cipher = cipher(passphrase, self._head)
        self._source = source
        self._ahead = source.read(CHUNK + TAG)
        self._number = 0
        self._plain = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the opened chunk, opening the next when it is used up."""
        while not self._plain and not self._ended:
            self._open_next()
        taken = self._plain[: len(buffer)]
        buffer[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)

    def _open_next(self) -> None:
        sealed, self._ahead = self._ahead, self._source.read(CHUNK + TAG)
        self._ended = not self._ahead
        try:
            plain = self._cipher.decrypt(nonce(self._head, self._number, self._ended), sealed, self._head)
        except (InvalidTag, ValueError):
            why = "it is cut or damaged" if self._number else "the passphrase is wrong, or the file is damaged"
            raise DataRefused(f"The backup cannot be opened: {why}.") from None
        self._plain = memoryview(plain)
        self._number += 1
