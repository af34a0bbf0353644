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
# The same in EBCDIC, whose code pages agree on digits, these letters, blank and hyphen; no ASCII file has such runs.
OTHER_DIGIT, OTHER_GAP = rb"[\xf0-\xf9]", rb"[\x40\x60]?"
OTHER = [rb"[\xf1\xf2\xf7\xf8]", *[OTHER_DIGIT] * 5, rb"[\xf0-\xf9\xc1\xc2\x81\x82]", *[OTHER_DIGIT] * 6]
OTHER_CANDIDATE = re.compile(rb"(?=(" + OTHER_GAP.join(OTHER) + rb"))")
EBCDIC = bytes(range(256)).decode("cp500").encode("latin-1")
MEMBERS, MEMBER_BYTES = 2_000, 67_108_864


class Seeker:
    """Tells whether bytes hold a number of the register, without knowing any number itself."""

    def __init__(self, settings: Settings, tokens: frozenset[str]) -> None:
        self.key = key_bytes(settings, KEY)
        self.tokens = tokens
        self.told: dict[bytes, bool] = {}

    def places(self, data: bytes) -> list[int]:
        """Where numbers of the register begin in some bytes, in ASCII or in EBCDIC."""
        if not self.tokens:
            return []
        plain = [match.start() for match in CANDIDATE.finditer(data) if self.is_one(match[1])]
        other = [one.start() for one in OTHER_CANDIDATE.finditer(data) if self.is_one(one[1].translate(EBCDIC))]
        return [*plain, *other]

    def is_one(self, candidate: bytes) -> bool:
        """Whether 13 characters are a number of the register. Bytes repeat numbers, so answers are kept."""
        thirteen = NOISE.sub(b"", candidate).upper()
        if thirteen not in self.told:
            self.told[thirteen] = text_hex(self.key, NUMBER, thirteen.decode("ascii")) in self.tokens
        return self.told[thirteen]

    def holds(self, data: bytes) -> bool:
        """Whether a file, or a part of one, holds one: as it is, in UTF-16, or in a member of a package."""
        return bool(self.places(data)) or self.hides(data)

    def hides(self, data: bytes) -> bool:
        """Whether one is there that cannot be seen in the bytes themselves."""
        return any(self.places(one) for one in readings(data))


def readings(data: bytes) -> Iterator[bytes]:
    """What else bytes may be: UTF-16, and one level deep and within caps what they pack, if it can be opened."""
    if b"\0" in data:  # of UTF-16 every second byte, whatever its order, with a mark or without
        yield data.replace(b"\0", b"")
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
