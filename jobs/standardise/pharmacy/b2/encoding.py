"""Character sets that a pharmacy may declare for its invoices, by a dialect of the kind ``b2`` (config/dialects).

The norm wants capitals without accents, so that nothing need be declared. A sender with another character set, which
would be refused, is read when its own dialect names it. Only sets of one byte per character: zones never move.
"""

import unicodedata
from functools import cache
from typing import Any

from jobs.core.errors import ConfigError
from jobs.standardise.dialects import refuse

KIND = "b2"
ENCODINGS = ("cp1252", "iso-8859-1", "iso-8859-15", "cp037", "cp500", "cp1140")
NOTHING = 0x1F  # stands for a byte that means no character: no zone takes it


def declared(producer: str, names: str, dialects: dict[str, dict[str, Any]]) -> str:
    """The encoding that a producer declares for invoices; empty when it declares none.

    ``names``: the register's cell; ``dialects``: what config/dialects holds. Raises ConfigError when a name is not
    described there, two are of this kind, or the encoding is none of ENCODINGS.
    """
    missing = [name for name in names.split() if name not in dialects]
    if missing:
        raise ConfigError(f"{producer}: its dialect {missing[0]!r} is not described in config/dialects.")
    own = [name for name in names.split() if dialects[name].get("kind") == KIND]
    if len(own) > 1:
        raise ConfigError(f"{producer}: {' and '.join(own)} both describe its invoices; one is enough.")
    if not own:
        return ""
    told = dialects[own[0]]
    refuse(own[0], [*sorted(set(told) - {"kind", "encoding"}), *["encoding"] * (told.get("encoding") not in ENCODINGS)])
    return str(told["encoding"])


def as_plain(data: bytes, encoding: str) -> bytes:
    """The bytes as the norm wants them, each in its place: letters without accents; as they are without encoding."""
    return data.translate(table(encoding)) if encoding else data


@cache
def table(encoding: str) -> bytes:
    """What each byte of an encoding becomes."""
    return bytes(plain(bytes([one]).decode(encoding, errors="ignore"), encoding) for one in range(256))


def plain(char: str, encoding: str) -> int:
    """The byte of one character: without its accent, else as cp1252 has it. EBCDIC ends its lines with U+0085."""
    if char == "\x85" and "0".encode(encoding) != b"0":
        return ord("\n")
    bare = unicodedata.normalize("NFKD", char)[:1]
    found = (bare if bare.isascii() and bare.isalpha() else char).encode("cp1252", errors="ignore")
    return found[0] if found else NOTHING
