"""``python -m jobs.why RECORD [--language en]``: why a subject is its person. RECORD: subject or source:producer:id."""

import argparse
import sys
import traceback

from jobs.audit.log import audit
from jobs.core.cli import open_root, say
from jobs.core.errors import JobError
from jobs.why.facts import facts_of
from jobs.why.record import subject_of
from jobs.why.tell import tell


def main(argv: list[str] | None = None) -> int:
    """Print why. Neither the answer nor a failure quotes a name, a number or a date of birth. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jobs.why", description=__doc__)
    parser.add_argument("record", help="32 hex characters of a subject, or source:producer:local number")
    parser.add_argument("--language", choices=("fr", "en"), default="fr")
    arguments = parser.parse_args(argv)
    try:
        settings = open_root()
        audit(settings, "why asked")
        print(tell(facts_of(settings, subject_of(settings, arguments.record)), arguments.language))
    except JobError as error:
        say(f"why: {error}")
        return error.exit_code
    except Exception as error:
        say(f"why: unexpected {type(error).__name__}; the message is withheld, it may quote data.")
        say("".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-6:])))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
