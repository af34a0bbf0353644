"""Stands in for ``python -m`` in the tests of orchestration: records the call and ends as it was told to.

Reads ``$RECORDED_JOBS/plan.json``: ``{"<stage>" or "<stage> <source>": code, or [code of the 1st call, 2nd, ...]}``.
Appends one line per call to ``$RECORDED_JOBS/calls.jsonl``.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    folder = Path(os.environ["RECORDED_JOBS"])
    module, arguments = sys.argv[1], sys.argv[2:]
    source = arguments[arguments.index("--source") + 1] if "--source" in arguments else ""
    flags = [flag for flag in arguments if flag in ("--deadline", "--verdict")]
    stage = " ".join(filter(None, [module.removeprefix("jobs."), source, *flags]))
    calls = folder / "calls.jsonl"
    earlier = [json.loads(line)["stage"] for line in calls.read_text().splitlines()] if calls.exists() else []
    with calls.open("a") as out:
        record = {"stage": stage, "arguments": arguments, "cores": os.environ["VEILLEE_CORES"], "at": time.time()}
        out.write(json.dumps(record) + "\n")
    print(f"{stage} is recorded", flush=True)
    plan = json.loads((folder / "plan.json").read_text()) if (folder / "plan.json").exists() else {}
    codes = plan.get(stage, 0)
    code = codes if isinstance(codes, int) else codes[min(earlier.count(stage), len(codes) - 1)]
    if code:
        print(f"{stage} ends with {code} as planned", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
