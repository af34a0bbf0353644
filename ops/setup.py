"""Make ``.venv`` from the lock. Runs on the found Python, before the environment exists: standard library only."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ENVIRONMENT = REPOSITORY / ".venv"
LOCK = REPOSITORY / "requirements.txt"
STAMP = ENVIRONMENT / "veillee-lock.sha256"


def wanted() -> str:
    """What the stamp of an environment made from today's lock by this Python says."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return "{} {}.{}\n".format(digest, *sys.version_info[:2])


def is_made() -> bool:
    """Is the environment that of today's lock, and does its Python run?"""
    if not (STAMP.is_file() and STAMP.read_text() == wanted()):
        return False
    python = ENVIRONMENT / "bin" / "python"
    return python.exists() and subprocess.run([str(python), "-c", ""], check=False).returncode == 0  # noqa: S603


def make() -> int:
    """Create or bring up to date; an environment of another Python is made anew."""
    if ENVIRONMENT.exists() and not same_python():
        shutil.rmtree(ENVIRONMENT)
    STAMP.unlink(missing_ok=True)
    if not (ENVIRONMENT / "bin" / "python").exists():
        print(f"making .venv with {sys.executable}", flush=True)
        venv.create(ENVIRONMENT, with_pip=True)
    print("installing what requirements.txt locks (about 1.2 GB; minutes)", flush=True)
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONWARNINGS": ""}
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-qq", "--require-hashes", "-r", str(LOCK)]
    code = subprocess.run(pip, env=environment, check=False).returncode  # noqa: S603  our own environment's pip
    if code == 0:
        STAMP.write_text(wanted())
    return code


def same_python() -> bool:
    """Was the environment made by this Python's version?"""
    config = ENVIRONMENT / "pyvenv.cfg"
    text = config.read_text() if config.is_file() else ""
    return "version = {}.{}.".format(*sys.version_info[:2]) in text


if __name__ == "__main__":
    sys.exit(0 if is_made() else make())
