"""`make down`: end what `make up` started, with every task that runs."""

import sys

from ops import process
from ops.stack import marks_file, running


def main() -> int:
    """End the processes of this root's stack; say so when there are none."""
    found = running()
    if found is None:
        print("Airflow is not up for this root.")
    else:
        process.end(found["marks"].values())
        print("Airflow is down.")
    marks_file().unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
