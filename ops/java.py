"""Find a Java 17, which need not be the first on the PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

WANTED = 17
JVM_FOLDERS = ("/usr/lib/jvm", "/opt/java", "/Library/Java/JavaVirtualMachines")


def candidates() -> Iterator[Path]:
    """Homes worth asking: JAVA_HOME, the java of the PATH, then where distributions install them."""
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"])
    first = shutil.which("java")
    if first:
        yield Path(first).resolve().parents[1]
    for folder in map(Path, JVM_FOLDERS):
        yield from sorted(folder.glob(f"*{WANTED}*"))


def major_version(home: Path) -> int:
    """The major version of the Java in ``home``, 0 when there is none that runs."""
    try:
        said = subprocess.run(  # noqa: S603  a path we found, no shell
            [str(home / "bin" / "java"), "-version"], capture_output=True, text=True, timeout=30, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found.group(1)) if found else 0


def find_java() -> Path | None:
    """The home of a Java 17, or None."""
    return next((home for home in candidates() if major_version(home) == WANTED), None)


if __name__ == "__main__":
    print(find_java() or "")
