"""Which custody holds a key: the one where it is; a new one is made where ``[custody]`` of the policy says."""

from functools import cache
from pathlib import Path

from jobs.core.custody.api import Custody, Key, fault
from jobs.core.custody.files import FileCustody
from jobs.core.custody.pkcs11 import Pkcs11Custody
from jobs.core.errors import ConfigError
from jobs.core.settings import Settings

SERVICES = ("files", "pkcs11")


def holders(settings: Settings) -> list[Custody]:
    """Every custody of the site, the one that makes new keys last. Raises ConfigError for a policy that names none.

    Files are always among them: a key stays where it was made; the next rotation makes its successor in the service.
    """
    declared = settings.policy.get("custody", {"service": "files"})
    files: list[Custody] = [FileCustody(settings.keys)]
    if declared.get("service") == "files":
        return files
    if declared.get("service") != "pkcs11" or not {"module", "token", "pin_file"} <= set(declared):
        raise ConfigError(
            "policy.toml: [custody] service is files, or pkcs11 with module, token and pin_file (docs/how-to/keys.md)."
        )
    lock = settings.work / "locks" / "custody.lock"
    return [*files, service(declared["module"], declared["token"], Path(declared["pin_file"]), lock)]


@cache
def service(module: str, token: str, pin_file: Path, lock: Path) -> Custody:
    """The key service."""
    return Pkcs11Custody(module, token, pin_file, lock)


def holder(settings: Settings, key: Key) -> Custody:
    """The custody that holds a key, else the one that makes it. Raises ConfigError (KEY-008) when two hold it."""
    known = holders(settings)
    having = [one for one in known if key.version in one.versions(key.name)]
    if len(having) > 1:
        raise fault("KEY-008", f"both a file and the key service hold {key}", "keep the one that earlier nights used")
    return having[0] if having else known[-1]


def newest(settings: Settings, name: str) -> int | None:
    """The newest version of a key over all custodies; nothing before the first is made."""
    return max((version for one in holders(settings) for version in one.versions(name)), default=None)
