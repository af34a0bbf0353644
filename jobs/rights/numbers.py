"""National numbers found by their keyed tokens: in columns, and in the bytes that producers sent."""

import io
import re
import zipfile
from collections.abc import Iterator

import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.core.keys import key_bytes
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool
from jobs.core.tokens import text_hex
from jobs.rights.register import KEY, NUMBER

# 13 characters of a NIR or INS (jobs.identifiers), one after the other or with the blanks and hyphens of a card.
GAP = rb"[ \xa0-]?"
CHARACTERS = [rb"[1278]", *[rb"\d"] * 5, rb"[\dA-Ba-b]", *[rb"\d"] * 6]
CANDIDATE = re.compile(rb"(?=(" + GAP.join(CHARACTERS) + rb"))")
NOISE = re.compile(rb"[^0-9A-Ba-b]")
MEMBERS, MEMBER_BYTES = 2_000, 67_108_864


class Seeker:
    """Tells whether bytes hold a number of the register, without knowing any number itself."""

    def __init__(self, settings: Settings, tokens: frozenset[str]) -> None:
        self.key = key_bytes(settings, KEY)
        self.tokens = tokens
        self.told: dict[bytes, bool] = {}

    def places(self, data: bytes) -> list[int]:
        """Where numbers of the register begin in some bytes."""
        if not self.tokens:
            return []
        return [match.start() for match in CANDIDATE.finditer(data) if self.is_one(match[1])]

    def is_one(self, candidate: bytes) -> bool:
        """Whether 13 characters are a number of the register. Bytes repeat numbers, so answers are kept."""
        thirteen = NOISE.sub(b"", candidate).upper()
        if thirteen not in self.told:
            self.told[thirteen] = text_hex(self.key, NUMBER, thirteen.decode("ascii")) in self.tokens
        return self.told[thirteen]

    def holds(self, data: bytes) -> bool:
        """Whether a file holds one: as it is, as UTF-16, or in a member of a package."""
        return any(self.places(one) for one in readings(data))


def readings(data: bytes) -> Iterator[bytes]:
    """The bytes of a file and, one level deep and within caps, of what it packs. What cannot be opened is not."""
    yield data
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield data.decode("utf-16", errors="replace").encode("utf-8")
    if data[:4] == b"PK\x03\x04":
        yield from members(data)


def members(data: bytes) -> Iterator[bytes]:
    """Contents of a package's members, each up to a cap, under the names that they have there."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist()[:MEMBERS]:
                with archive.open(info) as stream:
                    yield info.filename.encode("utf-8", "replace") + b"\n" + stream.read(MEMBER_BYTES)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError):
        return
    except Exception as error:  # zlib.error and what else a damaged package raises
        if type(error).__name__ != "error":
            raise


def numbers_known(settings: Settings, pool: Pool, columns: tuple[str, ...], tokens: frozenset[str]) -> frozenset[str]:
    """Numbers of the register in clear, as columns of a pool's files state them."""
    key, found = key_bytes(settings, KEY), set[str]()
    for path in sorted(pool.root.glob("*/*.parquet")):
        names = [name for name in columns if name in pq.read_schema(path).names]
        for name in names:
            values = pc.unique(pq.read_table(path, columns=[name])[name]).to_pylist()
            found |= {one for one in values if one and text_hex(key, NUMBER, one) in tokens}
    return frozenset(found)
