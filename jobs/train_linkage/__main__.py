"""``python -m jobs.train_linkage --night N --version model-2 [--follows model-1] [--to FOLDER]``."""

import argparse
import re
import sys
from pathlib import Path

from jobs.audit.log import audit
from jobs.core.cli import answered, night_of, say
from jobs.core.errors import ConfigError
from jobs.core.settings import Settings
from jobs.link.model import FOLDER, write_model
from jobs.train_linkage.records import records_of
from jobs.train_linkage.train import train


def main(argv: list[str] | None = None) -> int:
    """Train a draft of a linkage model on the index of a published night; it is in force when it is reviewed."""
    parser = argparse.ArgumentParser(prog="python -m jobs.train_linkage", description=main.__doc__)
    parser.add_argument("--night", required=True, type=night_of, help="a linked night, YYYY-MM-DD")
    parser.add_argument("--version", required=True, help="name of the new model, such as model-2")
    parser.add_argument("--follows", nargs="*", default=[], help="models whose index the new one may go on with")
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder of the draft; config/linkage if not given")
    arguments = parser.parse_args(argv)

    def work(settings: Settings) -> None:
        target = arguments.to / f"{arguments.version}.json"
        if not re.fullmatch(r"model-[1-9]\d*", arguments.version):
            raise ConfigError("LNK-002: a model is called model-1, model-2 and so on.")
        if target.exists():
            raise ConfigError(f"LNK-002: {target.name} is there already; a model is never trained over another.")
        with records_of(settings, arguments.night) as files:
            write_model(target, train(files, arguments.version, arguments.follows))
        audit(settings, "linkage model trained", model=arguments.version, night=arguments.night)
        say(f"{target.name} is written. Review it, run the benches of linkage, then name it in jobs/link/model.py.")

    return answered("train_linkage", work)


if __name__ == "__main__":
    sys.exit(main())
