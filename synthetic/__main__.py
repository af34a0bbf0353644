"""``python -m synthetic --night N``: deposit what the producers of an invented country send that night."""

import argparse
import json
import sys
from dataclasses import asdict

from jobs.core.errors import JobError
from jobs.core.settings import load_settings
from synthetic.mishap import KINDS, parse
from synthetic.night import simulate
from synthetic.settings import MESS
from synthetic.stays import Sizes


def arguments() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="python -m synthetic", description=__doc__)
    parser.add_argument(
        "--night", required=True, help="date of the night, YYYY-MM-DD; deliveries tell of the day before"
    )
    for name, usual in asdict(Sizes()).items():
        parser.add_argument(f"--{name}", type=int, help=f"{usual} unless the root was begun with another")
    parser.add_argument("--mess", type=float, help=f"share of records with a planted fault, {MESS} if not told")
    parser.add_argument(
        "--life",
        type=int,
        help="life events of each kind a day after the first night; one for 4,000 persons by default",
    )
    parser.add_argument("--mess-only", default="", metavar="CODE", help="plant this kind of fault only")
    parser.add_argument("--start", help="first simulated day; by default thirty days before the first night")
    parser.add_argument(
        "--mishap",
        action="append",
        default=[],
        metavar="KIND[=PRODUCER]",
        help=f"a whole delivery goes wrong: {', '.join(KINDS)}",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Simulate one night; exit code 0, or 78 when the root is not a synthetic one."""
    given = arguments().parse_args(argv)
    try:
        names = (*asdict(Sizes()), "mess", "start", "life")
        told = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
        report = simulate(load_settings(), given.night, told, given.mess_only, parse(given.mishap))
    except JobError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(report, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
