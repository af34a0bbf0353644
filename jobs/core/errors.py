"""How a job says that it cannot go on: three kinds, each with the exit code that tells the scheduler what to do."""


class JobError(Exception):
    """A failure with a sentence for a person. The message never quotes a value that came from a producer."""

    exit_code = 1


class DataRefused(JobError):
    """The data do not allow it. Running the same job again would decide the same."""

    exit_code = 65


class TryAgain(JobError):
    """A passing trouble outside the data: landing unreachable, lock held, disk full."""

    exit_code = 75


class ConfigError(JobError):
    """The set-up is wrong: a missing key, a wrong root, a bad configuration."""

    exit_code = 78
