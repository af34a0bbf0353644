"""What befalls extracts when releases are succeeded or projects end."""

import shutil
from datetime import date

from jobs.core.errors import ConfigError, DataRefused
from jobs.core.settings import Settings
from jobs.extract.make import kept, make
from jobs.extract.project import load_project
from jobs.release.succession import successor


def renew(settings: Settings, cause: str) -> list[str]:
    """Make every extract anew whose release has a successor; returns the projects.

    One without a project, or that may not be made any more, goes. Persons who left the release leave the extract; the
    others keep their tokens.
    """
    done = []
    for name, content in kept(settings).items():
        after = successor(settings, content["release"])
        if after == content["release"]:
            continue
        try:
            make(settings, load_project(settings, name), after, cause=cause)
        except (ConfigError, DataRefused):
            remove(settings, name)  # no project any more, or too few are left in a class: nobody stays in the old one
        done.append(name)
    return done


def expired(settings: Settings, today: date) -> list[str]:
    """Projects whose last day is over, by what their extract says."""
    return [name for name, content in kept(settings).items() if content["expires_on"] < today.isoformat()]


def remove(settings: Settings, name: str) -> None:
    """Take a project's extract away; its reviewed file and its key's name stay as a record."""
    shutil.rmtree(settings.extracts / name)


def releases_in_use(settings: Settings) -> set[str]:
    """Releases that an extract was made from: retention keeps them, since a right may ask to make it anew."""
    return {content["release"] for content in kept(settings).values()}
