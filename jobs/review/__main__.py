"""``python -m jobs.review [page | queue | decide]``: the review page (by default), the queues as text, one decision."""

import argparse
import json
import sys
import traceback
from datetime import date

from jobs.audit.log import audit
from jobs.core.cli import open_root, say
from jobs.core.errors import JobError
from jobs.core.settings import Settings
from jobs.review.decide import KINDS, decide
from jobs.review.page import Review
from jobs.review.queue import open_items


def main(argv: list[str] | None = None) -> int:
    """Run one of the commands and return the exit code. No trait is printed by any of them."""
    parser = argparse.ArgumentParser(prog="python -m jobs.review", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    page = commands.add_parser("page", help="the page of one sitting, until Ctrl-C")
    page.add_argument("--port", type=int, default=0, help="by default a free one")
    commands.add_parser("queue", help="one JSON line per open item")
    one = commands.add_parser("decide", help="one decision on two subjects")
    one.add_argument("--kind", required=True, choices=KINDS)
    for name in ("left", "right", "role", "reason"):
        one.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args(argv if argv is not None else sys.argv[1:] or ["page"])
    try:
        settings = open_root()
        run(settings, arguments)
    except JobError as error:
        say(f"review: {error}")
        return error.exit_code
    except Exception as error:
        say(f"review: unexpected {type(error).__name__}; the message is withheld, it may quote data.")
        say("".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-6:])))
        return 1
    return 0


def run(settings: Settings, arguments: argparse.Namespace) -> None:
    """One command."""
    if arguments.command == "decide":
        ends = (arguments.left, arguments.right)
        done = decide(settings, arguments.kind, *ends, arguments.role, arguments.reason, date.today())
        print(json.dumps({"decision": done.decision_id, "kind": done.kind, "night": done.night}))
    elif arguments.command == "queue":
        for item in open_items(settings):
            print(json.dumps(vars(item) | {"stake": item.stake}))
    else:
        serve(settings, arguments.port)


def serve(settings: Settings, port: int) -> None:
    """Serve the page until the steward ends it."""
    audit(settings, "review page opened")
    with Review(settings, port) as review:
        say(
            f"Open {review.address} in a browser on this machine; end with Ctrl-C. Whoever has this address can decide."
        )
        try:
            review.serve_forever()
        except KeyboardInterrupt:
            say("The page is closed.")


if __name__ == "__main__":
    sys.exit(main())
