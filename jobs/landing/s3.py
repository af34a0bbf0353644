"""A landing that is an S3 bucket, of AWS or of any store that speaks the same protocol."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from jobs.core.cli import require
from jobs.core.errors import ConfigError, DataRefused, JobError, TryAgain
from jobs.core.manifest import NAME
from jobs.core.residency import Storage, require_endpoint
from jobs.landing.api import CHUNK, FileInfo, Gone, Inventory, Place

MISSING = ("404", "NoSuchKey", "NotFound")
REFUSED = ("AccessDenied", "InvalidAccessKeyId", "NoSuchBucket", "SignatureDoesNotMatch", "403", "InvalidBucketName")
CHECKSUMS = ("when_required", "when_supported")
RESUMES = 5  # of one file's stream, each from where the last one broke
MULTIPART = TransferConfig(multipart_threshold=8 * CHUNK, multipart_chunksize=8 * CHUNK, max_concurrency=4)
Answer = TypeVar("Answer")


class S3Landing:
    """Deliveries below ``s3://<bucket>/<prefix>/<source>/<producer>/<delivery_id>/``."""

    parallel = 8  # small objects fetched at once: their cost is the way there and back

    def __init__(self, client: Any, bucket: str, prefix: str = "", settle_seconds: int = 0):
        self.client = client
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self.settle = timedelta(seconds=settle_seconds)

    @classmethod
    def from_policy(
        cls, declared: dict[str, Any], settle_seconds: int = 0, storage: Storage | None = None
    ) -> "S3Landing":
        """Open the landing that ``policy.toml`` declares.

        Raises ConfigError when the declaration is incomplete, or the storage policy does not allow the store (RES-003).
        """
        checksum = declared.get("checksum", "when_supported")
        if not declared.get("bucket") or checksum not in CHECKSUMS:
            raise ConfigError(f"policy.toml: an S3 landing needs a bucket, and checksum {' or '.join(CHECKSUMS)}.")
        if storage is not None:
            require_declared(storage, declared)
        config = Config(
            s3={"addressing_style": "path" if declared.get("path_style") else "auto"},
            request_checksum_calculation=checksum,  # older stores refuse the trailers that "when_supported" adds
            response_checksum_validation=checksum,
            retries={"mode": "standard", "max_attempts": 4},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=16,
        )
        client = guard(
            "the endpoint",
            lambda: boto3.Session().client(
                "s3",
                endpoint_url=declared.get("endpoint") or None,
                region_name=declared.get("region") or None,
                config=config,
            ),
        )
        if storage is not None:
            watch(client, storage)
        return cls(client, declared["bucket"], declared.get("prefix", ""), settle_seconds)

    def key(self, place: Place, name: str) -> str:
        """The key of a file."""
        return f"{self.prefix}{place.source}/{place.producer}/{place.delivery_id}/{name}"

    def inventory(self, source: str) -> Inventory:
        """List every delivery of a source, a thousand objects a request. Raises TryAgain or ConfigError."""
        found: Inventory = {}
        start = f"{self.prefix}{source}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=start)
        for item in guard(self.bucket, lambda: [entry for page in pages for entry in page.get("Contents", ())]):
            steps = item["Key"].removeprefix(start).split("/")
            if len(steps) != 3 or not steps[2] or any(step.startswith(".") for step in steps):
                continue  # a marker of a folder, a draft, or something deeper than a delivery's files
            files = found.setdefault(Place(source, steps[0], steps[1]), {})
            if steps[2] != NAME or self._settled(item["LastModified"]):
                files[steps[2]] = FileInfo(item["Size"], f"{item['Size']}.{item.get('ETag', '')}")
        return dict(sorted(found.items()))

    def _settled(self, written: datetime) -> bool:
        return not self.settle or datetime.now(UTC) - written >= self.settle

    def read(self, place: Place, name: str, start: int = 0) -> Iterator[bytes]:
        """Stream an object; a broken stream is taken up again where it broke. Raises Gone, TryAgain, ConfigError."""
        state: dict[str, Any] = {"at": start, "etag": None}
        for attempt in range(RESUMES):
            try:
                yield from self._stream(self.key(place, name), state)
                return
            except TryAgain:
                if attempt == RESUMES - 1:
                    raise

    def _stream(self, key: str, state: dict[str, Any]) -> Iterator[bytes]:
        """Yield from ``state['at']`` to the end, moving it along. Raises Gone when the object is another one now."""
        where = {"Range": f"bytes={state['at']}-"} if state["at"] else {}
        answer = guard(self.bucket, lambda: self.client.get_object(Bucket=self.bucket, Key=key, **where))
        if state["etag"] not in (None, answer.get("ETag")):
            raise Gone
        state["etag"] = answer.get("ETag")
        with answer["Body"] as body:
            while chunk := guard(self.bucket, lambda: body.read(CHUNK)):
                state["at"] += len(chunk)
                yield chunk

    def deposit(self, place: Place, name: str, chunks: Iterator[bytes]) -> None:
        """Upload one file, in several parts when it is large. An object appears whole or not at all."""
        key = self.key(place, name)
        try:
            guard(self.bucket, lambda: self.client.head_object(Bucket=self.bucket, Key=key))
        except Gone:
            stream = io.BufferedReader(Chunks(chunks), CHUNK)  # type: ignore[type-var]
            guard(self.bucket, lambda: self.client.upload_fileobj(stream, self.bucket, key, Config=MULTIPART))
            return
        raise DataRefused("The delivery holds this file already; a delivery is never changed. Use a new id.")


class Chunks(io.RawIOBase):
    """An iterator of bytes as a file that can be read once."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what the iterator gives next."""
        self._rest = self._rest or next(self._chunks, b"")
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def require_declared(storage: Storage, declared: dict[str, Any]) -> None:
    """Raise ConfigError (RES-003) unless the storage policy allows what is declared: before a client asks for keys."""
    region = declared.get("region") or None
    if declared.get("endpoint"):
        require_endpoint(storage, declared["endpoint"], region)
        return
    require(bool(region), "RES-003: policy.toml names neither endpoint nor region of the landing: name one of them.")
    require_endpoint(storage, f"https://s3.{region}.amazonaws.com", region)


def watch(client: Any, storage: Storage) -> None:
    """Judge every request before it is sent: environment, profile or a redirection may lead elsewhere."""
    client.meta.events.register("before-send.s3", lambda request, **_: require_endpoint(storage, request.url, None))


def guard(what: str, ask: Callable[[], Answer]) -> Answer:
    """Ask the store; translate its failures. Messages name the bucket, never a key or a credential."""
    try:
        return ask()
    except ClientError as error:
        raise translated(what, error) from None
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound):
        raise ConfigError("The S3 landing has no credentials; boto3 looks in environment, profile and role.") from None
    except (BotoCoreError, OSError) as error:
        raise TryAgain(f"The S3 landing ({what}) cannot be reached: {type(error).__name__}.") from None
    except ValueError:
        raise ConfigError("policy.toml: landing.endpoint is no URL.") from None


def translated(what: str, error: ClientError) -> JobError | Gone:
    """Sort the store's refusals: the object is not there, the set-up is wrong, or another try may help."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in MISSING:
        return Gone()
    if code in REFUSED:
        return ConfigError(f"The S3 landing ({what}) refuses: {code}. Check bucket, credentials and rights.")
    return TryAgain(f"The S3 landing ({what}) answers {code or 'an error'}.")
