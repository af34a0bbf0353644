"""Measure the pull: bytes per second and memory, from a folder and from a real S3 server on loopback.

``python -m bench.pull [--megabytes 512] [--deliveries 200] [--s3]`` prints one JSON line per measurement. A pull runs
in a process of its own, whose peak memory is read from the kernel; a plain ``cp`` with ``sha256sum`` of the same files
is measured beside it, since no pull can be faster than reading and hashing once.
"""

import argparse
import hashlib
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jobs.core.manifest import Manifest, describe_file
from jobs.core.settings import Settings, prepare_root
from jobs.landing.deposit import deposit

NIGHT = "2026-11-22"
KEY, SECRET = "VEILLEEBENCHKEY00001", "a-secret-for-loopback-benches-only"
HEADER = "producer,source,name,format,dialect,expected_records,due_hour,contact,status\n"


def lines(seed: int, length: int) -> bytes:
    """About ``length`` bytes of lines that compress as dispensations do."""
    block = hashlib.sha256(str(seed).encode()).hexdigest()
    rows = (
        f"{seed:04d}{number:08d};34009{block[number % 56 : number % 56 + 8]};{number % 7};{number % 9999 / 100:.2f}\n"
        for number in range(length // 37 + 1)
    )
    return "".join(rows).encode()[:length]


def make(settings: Settings, deliveries: int, size: int, folder: Path) -> None:
    """Deposit deliveries of one file each, one producer each."""
    names = [f"PH{number:07d}" for number in range(deliveries)]
    text = HEADER + "".join(f"{name},pharmacy,n,pharmacy-csv,standard,,,c@example.org,active\n" for name in names)
    (settings.root / "producers.csv").write_text(text)
    for number, name in enumerate(names):
        path = folder / f"{name}.csv"
        path.write_bytes(lines(number, size))
        moment = f"{NIGHT}T01:00:00+01:00"
        described = (describe_file(path),)
        deposit(
            settings,
            Manifest("d1", name, "pharmacy", "pharmacy-csv", moment, NIGHT, NIGHT, "append", described),
            [path],
        )


def measure(settings: Settings, label: str) -> dict[str, object]:
    """Run the pull as a process and read its time and peak memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    started = time.monotonic()
    command = [sys.executable, "-m", "jobs.pull", "--source", "pharmacy", "--night", NIGHT]
    script = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        env=os.environ | {"VEILLEE_ROOT": str(settings.root)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - started
    final, peak = done.stdout.strip().splitlines()[-2:]
    counts = json.loads(final)
    return {
        "what": label,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, 1),
        "megabytes_a_second": round(counts["bytes"] / 1e6 / seconds, 1),
        "peak_megabytes": round(int(peak) / 1024),
        "complete": counts["complete"],
    }


def copy_and_hash(folder: Path, target: Path) -> dict[str, object]:
    """The floor: copy the files and hash the copies."""
    started = time.monotonic()
    subprocess.run(["cp", "-r", str(folder), str(target)], check=True)
    files = sorted(str(path) for path in target.iterdir())
    subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    size = sum(Path(path).stat().st_size for path in files)
    return {
        "what": "cp + sha256sum",
        "seconds": round(seconds, 1),
        "megabytes_a_second": round(size / 1e6 / seconds, 1),
    }


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start ``rclone serve s3`` on a free loopback port."""
    (folder / "landing").mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rclone = Path(sys.executable).with_name("rclone")
    server = subprocess.Popen(
        [str(rclone), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", str(folder / "none"), str(folder)],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "RCLONE_AUTH_KEY": f'"{KEY},{SECRET}"'},
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    return server, f"http://127.0.0.1:{port}"


def prepare_s3(scratch: Path) -> tuple[Settings, "subprocess.Popen[bytes]"]:
    """A root whose landing is a bucket."""
    server, endpoint = serve(scratch / "served")
    settings = prepare_root(scratch / "s3", "synthetic")
    policy = (settings.repo / "config" / "policy.toml").read_text()
    bucket = f'kind = "s3"\nbucket = "landing"\nendpoint = "{endpoint}"\npath_style = true\nchecksum = "when_required"'
    (settings.root / "policy.toml").write_text(policy.replace('kind = "folder"', bucket, 1))
    os.environ |= {
        "VEILLEE_POLICY": str(settings.root / "policy.toml"),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return settings, server


def main() -> None:
    """Measure and print; a pull that does not find every delivery complete fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--deliveries", type=int, default=200)
    parser.add_argument("--s3", action="store_true", help="also from a real S3 server")
    wanted = parser.parse_args()
    size = wanted.megabytes * 1_000_000 // wanted.deliveries
    with tempfile.TemporaryDirectory(prefix="veillee-bench-") as name:
        scratch, given = Path(name), Path(name) / "given"
        given.mkdir()
        settings = prepare_root(scratch / "folder", "synthetic")
        make(settings, wanted.deliveries, size, given)
        found = [copy_and_hash(given, scratch / "copied"), measure(settings, "pull from a folder")]
        found.append(measure(settings, "the same pull again"))
        if wanted.s3:
            settings, server = prepare_s3(scratch)
            try:
                make(settings, wanted.deliveries, size, given)
                found.append(measure(settings, "pull from S3 on loopback"))
            finally:
                server.terminate()
                server.wait(10)
        for item in found:
            print(json.dumps(item))
        if any(item.get("complete", wanted.deliveries) != wanted.deliveries for item in found):
            raise SystemExit("a pull did not find every delivery complete")


if __name__ == "__main__":
    main()
