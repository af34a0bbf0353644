"""Where the examples read. ``current`` is resolved once, so that a release published meanwhile changes nothing."""

import os
from pathlib import Path

ROOT = Path(os.environ.get("VEILLEE_ROOT", Path(__file__).resolve().parents[1] / "var"))
CURRENT = (ROOT / "published" / "current").resolve()
