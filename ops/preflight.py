"""What this machine must have, one readable line per lack. Runs on any Python 3 before the environment exists.

With ``--install`` and the rights for it (root, apt), it takes what Debian has: Java, venv, a browser for the tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from ops.java import WANTED, find_java
from ops.paths import REPOSITORY, root

PYTHONS = ((3, 11), (3, 12))
DISK_GIB = 6
SOFTHSM = (Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/softhsm/libsofthsm2.so"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


Problem = tuple[str, "str | None"]


def problems(need_browser: bool = False, port: int | None = None) -> list[Problem]:
    """Every lack as ``(sentence, Debian package or None)``."""
    found = [check_python(), check_venv(), check_java(), check_disk(), check_port(port)]
    if need_browser:
        found.append(check_browser())
    return [problem for problem in found if problem]


def check_python() -> Problem | None:
    """Python 3.11 or 3.12."""
    if sys.version_info[:2] in PYTHONS:
        return None
    here = ".".join(map(str, sys.version_info[:2]))
    return (
        f"Python is {here}; Veillée needs 3.11 or 3.12. Debian 12: apt install python3. Then: make PYTHON=python3.11",
        None,
    )


def check_venv() -> Problem | None:
    """The standard library's venv, which Debian packages apart."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "Python's venv module is missing. Debian: apt install python3-venv", "python3-venv"
    return None


def check_java() -> Problem | None:
    """A Java 17 somewhere."""
    if find_java():
        return None
    return (
        f"Java {WANTED} is missing (other versions do not do). Debian: apt install openjdk-17-jre-headless; "
        "elsewhere: install one and set JAVA_HOME",
        "openjdk-17-jre-headless",
    )


def check_disk() -> Problem | None:
    """Room for the environment and some nights."""
    place = next(p for p in (root(), *root().parents) if p.exists())
    for folder in {REPOSITORY, place}:
        free = shutil.disk_usage(folder).free / 2**30
        if free < DISK_GIB:
            return (
                f"{folder} has {free:.1f} GiB free; {DISK_GIB} are needed. Make room, or point VEILLEE_ROOT elsewhere",
                None,
            )
    return None


def check_port(port: int | None) -> Problem | None:
    """The port that somebody asked for by name; without one, a free port is sought later."""
    if port is None:
        return None
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return f"Port {port} of 127.0.0.1 is taken. Free it, or set VEILLEE_PORT to another", None
    return None


def check_browser() -> Problem | None:
    """A Chromium, with which the tests look at the report."""
    if any(shutil.which(name) for name in BROWSERS):
        return None
    return "Chromium is missing; the tests look at the report with it. Debian: apt install chromium", "chromium"


def wishes() -> list[str]:
    """Debian packages that some tests use and skip without: SoftHSM, a key service."""
    return [] if any(path.exists() for path in SOFTHSM) else ["softhsm2"]


def may_install() -> bool:
    """Root on a system with apt?"""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str]) -> None:
    """Install Debian packages; what apt says goes to the terminal only when it fails."""
    print("installing from Debian: " + " ".join(packages), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(  # noqa: S603  fixed packages
            ["apt-get", *command],  # noqa: S607  apt-get of the system
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode and command[0] == "install":
            print(done.stdout[-2000:], file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Print what is missing and return 78, or return 0."""
    parser = argparse.ArgumentParser(prog="python -m ops.preflight", description=__doc__)
    parser.add_argument("--install", action="store_true", help="take what Debian has, when root")
    parser.add_argument(
        "--browser", action="store_true", help="what tests use too: a browser, and a key service if Debian has it"
    )
    arguments = parser.parse_args(argv)
    port = int(os.environ["VEILLEE_PORT"]) if os.environ.get("VEILLEE_PORT") else None
    found = problems(arguments.browser, port)
    packages = [package for _, package in found if package]
    packages += wishes() if arguments.browser else []
    if arguments.install and packages and may_install():
        install(packages)
        found = problems(arguments.browser, port)
    for sentence, _ in found:
        print("missing: " + sentence, file=sys.stderr)
    return 78 if found else 0


if __name__ == "__main__":
    sys.exit(main())
