"""Streams cut into parts, hashed on the way: memory holds one part, whatever the file's length."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A stretch of a file. ``first_record`` counts the line ends before it."""

    number: int
    offset: int
    first_record: int
    data: bytes


@dataclass
class Digest:
    """Length and SHA-256 of what went through ``watch``."""

    length: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 so far."""
        return self._hash.hexdigest()

    def watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass chunks on and count them."""
        for chunk in chunks:
            self.length += len(chunk)
            self._hash.update(chunk)
            yield chunk


def cut(chunks: Iterator[bytes], part_bytes: int) -> Iterator[Part]:
    """Parts of at most ``part_bytes``, ending after the last line end within that length where there is one.

    An empty file is one empty part: it was delivered, so it must get an outcome.
    """
    number = offset = lines = 0
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > part_bytes:
            length = waiting.rfind(b"\n", 0, part_bytes) + 1 or part_bytes
            data = bytes(waiting[:length])
            del waiting[:length]
            yield Part(number, offset, lines, data)
            number, offset, lines = number + 1, offset + length, lines + data.count(b"\n")
    if waiting or number == 0:
        yield Part(number, offset, lines, bytes(waiting))
