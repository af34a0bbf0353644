"""Keyed tokens, as Spark columns and as Arrow columns: HMAC-SHA-256 over parts that cannot run into each other."""

import base64
import hashlib
import hmac
from binascii import unhexlify
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

UNIT_SEPARATOR = "\x1f"  # cannot occur in a field of any format read here
BLOCK = 64  # bytes that SHA-256 takes in at once
BASE32 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)  # RFC 4648
PAIRS = np.stack([np.repeat(BASE32, 32), np.tile(BASE32, 32)], axis=1).reshape(-1).view(np.uint16)  # of ten bits
LETTERS = 26  # of a token: the first 130 bits of a digest
AT_ONCE = 1024  # messages that are taken out of a column together
SAMPLE = 1024  # values that tell whether a column is worth a dictionary


def message(*parts: Column | str) -> Column:
    """Parts joined by a separator that no part holds; a null part makes the message null."""
    columns = [F.lit(part) if isinstance(part, str) else part for part in parts]
    joined: list[Column] = []
    for position, column in enumerate(columns):
        joined += [F.lit(UNIT_SEPARATOR), column] if position else [column]
    return F.concat(*joined)


def with_key(frame: DataFrame, key: DataFrame) -> DataFrame:
    """The frame with the one-row key table's column ``key``; drop it before anything is written."""
    return frame.crossJoin(F.broadcast(key))


def token_hex(*parts: Column | str, key: str = "key") -> Column:
    """32 hexadecimal characters: the first 16 bytes of HMAC-SHA-256(key column, parts); null when a part is null."""
    return F.lower(F.hex(F.substring(digest(*parts, key=key), 1, 16)))


def digest(*parts: Column | str, key: str) -> Column:
    """HMAC-SHA-256 as binary, by Spark's own function."""
    return hmac_column(F.col(key), message(*parts))


def hmac_column(key: Column, text: Column) -> Column:
    """Native ``hmac(key, message, 'SHA-256')`` (Spark 4.3)."""
    return F.call_function("hmac", key, F.encode(text, "UTF-8"), F.lit("SHA256"))


def text_base32(key: bytes, *parts: str) -> str:
    """26 base32 characters: the first 130 bits of HMAC-SHA-256(key, parts). What ``token_base32_array`` computes."""
    value = hmac.new(key, UNIT_SEPARATOR.join(parts).encode(), hashlib.sha256).digest()
    return base64.b32encode(value)[:LETTERS].decode("ascii")


def text_hex(key: bytes, *parts: str) -> str:
    """What ``token_hex`` computes, for the few values that are handled outside Spark."""
    return hmac.new(key, UNIT_SEPARATOR.join(parts).encode(), hashlib.sha256).hexdigest()[:32]


def joined(*parts: pa.Array | str) -> pa.Array:
    """What ``message`` joins, for Arrow columns: null where a part is null."""
    return pc.binary_join_element_wise(*parts, UNIT_SEPARATOR)


def token_hex_array(key: bytes, messages: pa.Array) -> pa.Array:
    """What ``token_hex`` computes, for a column of joined messages; each distinct one is hashed once."""
    encoded = messages.dictionary_encode()
    return token_hex_bytes(key, encoded.dictionary.cast(pa.binary()).to_pylist()).take(encoded.indices)


def token_hex_bytes(key: bytes, messages: list[bytes], begun: bytes = b"") -> pa.StringArray:
    """A token for each of some messages, all of which begin with the same bytes."""
    return hex_texts(b"".join(map(keyed(key, begun), messages)))


def hex_texts(digests: bytes) -> pa.StringArray:
    """The text of each of some 16 bytes."""
    count = len(digests) // 16
    ends = np.arange(0, 32 * count + 1, 32, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(digests.hex().encode()))


def hex_array(tokens: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Tokens of 16 bytes, none of them null, as ``token_hex`` writes them."""
    return hex_texts(b"".join(tokens.to_pylist()))


def token_texts(tokens: pa.FixedSizeBinaryArray) -> pa.StringArray:
    """Tokens of 16 bytes as ``token_hex`` writes them; null for none."""
    buffer = tokens.buffers()[1]
    texts = hex_texts(
        bytes(memoryview(buffer)[16 * tokens.offset : 16 * (tokens.offset + len(tokens))]) if buffer else b""
    )
    return texts if not tokens.null_count else pc.if_else(pc.is_valid(tokens), texts, pa.scalar(None, pa.string()))


def token_bytes(tokens: pa.StringArray) -> pa.FixedSizeBinaryArray:
    """The 16 bytes of each token that ``token_hex`` wrote; null where there is none."""
    whole = pc.fill_null(tokens, "0" * 32) if tokens.null_count else tokens
    start = np.frombuffer(whole.buffers()[1], np.int32)[whole.offset] if len(whole) else 0
    text = memoryview(whole.buffers()[2] or b"")[start : start + 32 * len(whole)]
    told = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(whole), [None, pa.py_buffer(unhexlify(text))])
    return pc.if_else(tokens.is_valid(), told, None) if tokens.null_count else told


def token_base32_array(key: bytes, values: pa.Array, *before: str) -> pa.Array:
    """What ``text_base32`` computes of the parts ``before`` and a value, for a column of values; null where it is null.

    A column whose values come again (a person's rows, a pharmacy's) is hashed once for each of them.
    """
    if values.null_count or come_again(values):
        encoded = values.dictionary_encode()
        return token_base32_array(key, encoded.dictionary, *before).take(encoded.indices)
    begun = "".join(f"{part}{UNIT_SEPARATOR}" for part in before).encode()
    return base32(digests(key, values.cast(pa.binary()), begun))


def come_again(values: pa.Array) -> bool:
    """Whether the first values of a column are alike; a dictionary of values that are not costs more than it saves."""
    sample = values.slice(0, SAMPLE)
    return 2 * len(sample.unique()) < len(sample)


def digests(key: bytes, messages: pa.BinaryArray, begun: bytes) -> bytes:
    """The HMAC-SHA-256 of each message, 32 bytes each, in one loop: a call per message would cost a tenth more.

    Few messages are Python's at a time: the memory of many would come from the system and go back to it.
    """
    inner, outer = states(key, begun)
    found = []
    for start in range(0, len(messages), AT_ONCE):
        made = []
        for message in messages.slice(start, AT_ONCE).to_pylist():
            one, other = inner(), outer()
            one.update(message)
            other.update(one.digest())
            made.append(other.digest())
        found.append(b"".join(made))
    return b"".join(found)


def base32(digests: bytes) -> pa.StringArray:
    """The first 26 base32 characters of each digest: 40 bits at a time as a number, each ten of them two letters."""
    octets = np.frombuffer(digests, np.uint8).reshape(-1, 32)
    letters = np.empty((len(octets), LETTERS // 2), np.uint16)
    number = np.zeros((len(octets), 8), np.uint8)
    for place in range(LETTERS // 2):
        group, ten = divmod(place, 4)
        if ten == 0:
            number[:, 3:] = octets[:, 5 * group : 5 * group + 5]
            forty = number.view(">u8")[:, 0].astype(np.uint64)
        letters[:, place] = PAIRS[(forty >> np.uint64(30 - 10 * ten)).astype(np.uint16) & 1023]
    ends = np.arange(0, LETTERS * len(octets) + 1, LETTERS, dtype=np.int32)
    return pa.StringArray.from_buffers(len(octets), pa.py_buffer(ends), pa.py_buffer(letters.tobytes()))


def keyed(key: bytes, begun: bytes = b"", size: int = 16) -> Callable[[bytes], bytes]:
    """The first bytes of HMAC-SHA-256 under a key, which is taken in once, as are the bytes that all begin with."""
    inner, outer = states(key, begun)

    def digest_of(message: bytes) -> bytes:
        one, other = inner(), outer()
        one.update(message)
        other.update(one.digest())
        return other.digest()[:size]

    return digest_of


def states(key: bytes, begun: bytes) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The two hashes of HMAC as RFC 2104 writes it, with the key taken in; each call gives a copy to go on with.

    ``hmac`` takes nearly twice as long to copy its state. A test holds both to the same answers.
    """
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\x00")
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block) + begun)
    return inner.copy, hashlib.sha256(bytes(octet ^ 0x5C for octet in block)).copy
