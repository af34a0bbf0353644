"""`make up`: Airflow's UI and scheduler in the background, on a loopback port."""

import sys

from jobs.core.errors import JobError
from ops.night import root_settings
from ops.stack import Stack, free_port, running, set_pools


def main() -> int:
    """Start the stack unless it runs; print where it is."""
    found = running()
    if found:
        print(f"Airflow is up already: http://127.0.0.1:{found['port']}")
        return 0
    try:
        settings = root_settings()
    except JobError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    stack = Stack(free_port(), schedule=True)
    stack.migrate()
    try:
        stack.start()
        stack.wait_healthy()
        set_pools(stack.api)
    except BaseException:
        stack.stop()
        raise
    print(f"Airflow is up: http://127.0.0.1:{stack.port} (root {settings.root}; no login: this machine only)")
    print("Turn the DAGs on there: a source DAG runs its latest due night as soon as it is on. End it all: make down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
