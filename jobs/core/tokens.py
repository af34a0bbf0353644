"""Keyed tokens as Spark columns: HMAC-SHA-256 over parts that cannot run into each other."""

import base64
import hashlib
import hmac
from binascii import unhexlify
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

UNIT_SEPARATOR = "\x1f"  # cannot occur in a field of any format read here
BLOCK = 64  # bytes that SHA-256 takes in at once
BASE32_HEX = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648


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


def token_base32(*parts: Column | str, key: str = "key") -> Column:
    """26 base32 characters: the first 130 bits of HMAC-SHA-256(key column, parts); null when a part is null."""
    value = digest(*parts, key=key)
    groups = [base32_of_five(F.substring(value, start, 5)) for start in (1, 6, 11, 16)]
    return F.substring(F.concat(*groups), 1, 26)


def digest(*parts: Column | str, key: str) -> Column:
    """HMAC-SHA-256 as binary, by Spark's own function."""
    return hmac_column(F.col(key), message(*parts))


def hmac_column(key: Column, text: Column) -> Column:
    """Native ``hmac(key, message, 'SHA-256')`` (Spark 4.3)."""
    return F.call_function("hmac", key, F.encode(text, "UTF-8"), F.lit("SHA256"))


def base32_of_five(five: Column) -> Column:
    """Eight base32 characters of five bytes: 40 bits fit Spark's 64-bit ``conv``, whose digits are then renamed."""
    return F.translate(F.lpad(F.conv(F.hex(five), 16, 32), 8, "0"), BASE32_HEX, BASE32)


def text_base32(key: bytes, *parts: str) -> str:
    """What ``token_base32`` computes, for the few values that are handled outside Spark."""
    value = hmac.new(key, UNIT_SEPARATOR.join(parts).encode(), hashlib.sha256).digest()
    return base64.b32encode(value)[:26].decode("ascii")


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


def token_bytes(tokens: pa.StringArray) -> pa.FixedSizeBinaryArray:
    """The 16 bytes of each token that ``token_hex`` wrote; null where there is none."""
    whole = pc.fill_null(tokens, "0" * 32) if tokens.null_count else tokens
    start = np.frombuffer(whole.buffers()[1], np.int32)[whole.offset] if len(whole) else 0
    text = memoryview(whole.buffers()[2] or b"")[start : start + 32 * len(whole)]
    told = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(whole), [None, pa.py_buffer(unhexlify(text))])
    return pc.if_else(tokens.is_valid(), told, None) if tokens.null_count else told


def token_base32_array(key: bytes, messages: pa.Array) -> pa.Array:
    """What ``token_base32`` computes, for a column of joined messages without nulls, each of which is hashed."""
    digests = b"".join(map(keyed(key, size=20), messages.cast(pa.binary()).to_pylist()))
    bits = np.unpackbits(np.frombuffer(digests, np.uint8).reshape(-1, 20), axis=1)[:, :130].reshape(-1, 26, 5)
    letters = np.frombuffer(BASE32.encode(), np.uint8)[bits @ np.array([16, 8, 4, 2, 1], np.uint8)]
    ends = np.arange(0, 26 * len(messages) + 1, 26, dtype=np.int32)
    return pa.StringArray.from_buffers(len(messages), pa.py_buffer(ends), pa.py_buffer(letters.tobytes()))


def keyed(key: bytes, begun: bytes = b"", size: int = 16) -> Callable[[bytes], bytes]:
    """The first bytes of HMAC-SHA-256 under a key, which is taken in once, as are the bytes that all begin with.

    As RFC 2104 writes it, over two hashes that know the key already: ``hmac`` takes nearly twice as long to copy its
    state. A test holds both to the same answers.
    """
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\x00")
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block) + begun).copy
    outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block)).copy

    def digest_of(message: bytes) -> bytes:
        one, other = inner(), outer()
        one.update(message)
        other.update(one.digest())
        return other.digest()[:size]

    return digest_of
