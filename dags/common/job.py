"""The one operator: it builds the command of a stage, runs it, and reads its exit code."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from common.partitions import is_scheduled, night_of, was_closed
from common.process import JobProcess, job_environment, launcher

REFUSED, TRY_AGAIN, WRONG_SETUP = 65, 75, 78  # the table of exit codes in docs/explanation/architecture.md
CRASHES_ALLOWED = 1


def stage_command(stage: str, night: str | None, source: str | None = None, flags: Sequence[str] = ()) -> list[str]:
    """``python -m jobs.<stage> [--night N] [--source S] [flags]``: what a person would type."""
    chosen = ["--night", night] if night else []
    chosen += ["--source", source] if source else []
    return [*launcher(), f"jobs.{stage}", *chosen, *flags]


class JobOperator(BaseOperator):
    """Run a stage for the run's night; not ``nightly``, a job that knows no night.

    ``cores`` is what its Spark session takes, and its share of the pool.
    """

    def __init__(
        self,
        *,
        stage: str,
        source: str | None = None,
        flags: Sequence[str] = (),
        cores: int = 1,
        nightly: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.nightly = nightly
        self.stage = stage
        self.source = source
        self.flags = list(flags)
        self.cores = cores
        self.nightly = nightly
        self._job: JobProcess | None = None

    def execute(self, context: Mapping[str, Any]) -> None:
        """Run the job. Raises AirflowFailException for what a retry cannot heal, AirflowException for what it may."""
        night = night_of(context) if self.nightly else None
        command = stage_command(self.stage, night, self.source, self.flags)
        self.log.info("%s", " ".join(command))
        self._job = JobProcess(command, job_environment(self.cores), lambda line: self.log.info("%s", line))
        code, cause = self._job.wait()
        if code:
            cause = cause or f"{self.stage} ended with code {code} and said nothing."
            context["ti"].xcom_push(key="cause", value=cause)
            raise failure(code, cause, context["ti"].try_number)

    def on_kill(self) -> None:
        """Airflow ends the task: the job and all it started end too."""
        if self._job:
            self._job.kill()


class CloseOperator(JobOperator):
    """Close a source's night and tell the national DAG, once: nothing is emitted for a night that was already closed.

    A person who runs a source again wants the night judged again, so the skip is for the clock's runs and for ``once``.
    """

    def __init__(self, *, once: bool = False, **kwargs: Any) -> None:
        super().__init__(stage="close", **kwargs)
        self.once = once

    def execute(self, context: Mapping[str, Any]) -> None:
        """Run ``close``. Raises AirflowSkipException when the night is closed and nobody asked for it again."""
        if (self.once or is_scheduled(context)) and was_closed(context, str(self.source)):
            raise AirflowSkipException(f"{self.source} has closed {night_of(context)} already.")
        super().execute(context)


def failure(code: int, cause: str, try_number: int) -> AirflowException:
    """The exception that makes Airflow do what the exit code asks for."""
    if code in (REFUSED, WRONG_SETUP):
        return AirflowFailException(cause)
    if code == TRY_AGAIN:
        return AirflowException(cause)
    if try_number > CRASHES_ALLOWED:
        return AirflowFailException(f"died again with code {code}: {cause}")
    return AirflowException(f"died with code {code}: {cause}")
