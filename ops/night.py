"""`make night`: one night from simulated deliveries to a release, through real Airflow, and nothing left running."""

import argparse
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType

from jobs.core.errors import JobError
from jobs.core.residency import require_residency
from jobs.core.settings import Settings, load_settings, prepare_root
from ops.api import ApiError
from ops.nights import next_night
from ops.paths import REPOSITORY
from ops.show import last_log_lines, line
from ops.stack import Stack, free_port, running, set_pools
from ops.verdict import read_run, verdict_lines
from ops.watch import NightStuck, Run, follow_night, unpause

INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run a night and return 0 when it was published, 65 when it was not."""
    parser = argparse.ArgumentParser(prog="make night", description=__doc__)
    parser.add_argument("--night", type=lambda text: date.fromisoformat(text).isoformat(), help="YYYY-MM-DD")
    asked = parser.parse_args(argv).night
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        settings = root_settings()
        return run_night(settings, asked or next_night(settings))
    except KeyboardInterrupt:
        line("interrupted; everything that was started has ended")
        return INTERRUPTED
    except (NightStuck, ApiError, JobError) as error:
        line(f"stopped: {error}")
        return 1


def root_settings() -> Settings:
    """The root's settings; a root that does not exist yet becomes a synthetic one."""
    settings = load_settings()
    require_residency(settings)
    stamped = (settings.root / "root.json").is_file()
    return prepare_root(settings.root, settings.kind if stamped else "synthetic")


def run_night(settings: Settings, night: str) -> int:
    """Start Airflow, deposit, run the DAGs, stop Airflow, say the verdict."""
    if running():
        raise NightStuck("Airflow is up for this root: `make down` first.")
    stale_report(settings, night)
    line(f"night {night}, {settings.kind} root {settings.root}")
    stack = Stack(free_port(), schedule=False)
    stack.migrate()
    begun = datetime.now(UTC).isoformat()
    try:
        stack.start()
        line(f"Airflow starts on http://127.0.0.1:{stack.port}")
        if settings.kind == "synthetic":
            deposit(settings, night)
        stack.wait_healthy()
        set_pools(stack.api)
        paused = unpause(stack.api, begun, stack.require_alive)
        try:
            sources, national = follow_night(stack.api, night, stack.require_alive)
        finally:
            pause_again(stack, paused)
    finally:
        stack.stop()
    return conclude(settings, night, sources, national, stack.folder / "logs")


def pause_again(stack: Stack, paused: dict[str, bool]) -> None:
    """Leave the DAGs as they were found. A failure is said, not raised: it must not hide how the night ended."""
    for dag, was in paused.items():
        try:
            stack.api.patch(f"/dags/{dag}", {"is_paused": was})
        except ApiError as error:
            line(f"could not pause {dag} again: {error}")


def deposit(settings: Settings, night: str) -> None:
    """Let the simulated producers deposit what they have for the night. Raises NightStuck when they cannot."""
    line("the simulated producers deposit")
    command = [sys.executable, "-m", "synthetic", "--night", night]
    environment = {**os.environ, "VEILLEE_ROOT": str(settings.root)}
    if subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode:  # noqa: S603  our module
        raise NightStuck("the simulator failed; see the lines above.")
    line("deposited")


def stale_report(settings: Settings, night: str) -> None:
    """Remove what an earlier run of the same night said, so that its words are not taken for this one's."""
    for name in ("run.json", "alert.json"):
        (settings.reports / night / name).unlink(missing_ok=True)


def conclude(settings: Settings, night: str, sources: list[Run], national: Run, logs: Path) -> int:
    """Print why tasks failed, then the verdict."""
    for run in [*sources, national]:
        for task in run.failed_tasks():
            print(f"\n--- {run.dag}.{task} failed; its last lines:")
            print("\n".join(f"    {text}" for text in last_log_lines(logs, run.dag, run.run_id, task)))
    run_facts = read_run(settings.root, night)
    print("\n".join(verdict_lines(settings.root, night, run_facts)), flush=True)
    good = national.state == "success" and run_facts is not None and run_facts.get("decision") == "publish"
    return 0 if good else 65


def _as_interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
