"""Documents per second through the whole parse (safe parsing, header, results, canonical hash) and against bare lxml.

Run: ``python -m bench.documents [--copies 20]``. Same bytes, same process, one core: the ratio is what counts. Fails
when the reader is more than ten times slower than parsing alone: then something quadratic has come in.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from jobs.core.settings import load_settings
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.parse import read_file

SAMPLES = Path(__file__).parents[1] / "tests" / "data" / "shared_record"
ALLOWED = 10.0


def rate(read: Callable[[bytes], object], documents: list[bytes]) -> float:
    """Documents a second."""
    began = time.process_time()
    for data in documents:
        read(data)
    return len(documents) / (time.process_time() - began)


def main() -> int:
    """Print one JSON line; 1 when the ratio is beyond what is allowed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--copies", type=int, default=20)
    copies = arguments.parse_args().copies
    documents = [path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))] * copies
    limits = Limits.of(load_settings().policy)
    bare = rate(etree.fromstring, documents)
    whole = rate(lambda data: read_file(data, limits), documents)
    size = sum(map(len, documents)) / len(documents)
    result = {
        "documents": len(documents),
        "mean_bytes": round(size),
        "lxml_per_second": round(bare),
        "reader_per_second": round(whole),
        "ratio": round(bare / whole, 2),
    }
    print(json.dumps(result))
    return int(bare / whole > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
