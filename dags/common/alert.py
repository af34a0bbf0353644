"""One alert per night: cause, next action and runbook page, in a file beside the report and by e-mail if configured."""

import json
import os
import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from common.partitions import night_of
from common.settings import REPOSITORY, policy, root

STAGES = ("link", "pseudonymise", "assemble", "gate", "release", "report")
RUNBOOKS = Path("docs/runbooks")


class AlertOperator(BaseOperator):
    """Alert for the first stage that failed. Raises AirflowSkipException when none did."""

    def execute(self, context: Mapping[str, Any]) -> None:
        """Write ``reports/<night>/alert.json`` and a log line; send the mail that ``[alert]`` asks for."""
        ti, night = context["ti"], night_of(context)
        stage = self._first_failed(context)
        if stage is None:
            raise AirflowSkipException("Nothing to alert about.")
        alert = compose(night, stage, ti.xcom_pull(task_ids=stage, key="cause"), reasons(night))
        write(alert)
        self.log.error("%s", sentence(alert))
        send(alert)

    @staticmethod
    def _first_failed(context: Mapping[str, Any]) -> str | None:
        run = context["dag_run"]
        found = context["ti"].get_task_states(dag_id=run.dag_id, task_ids=list(STAGES), run_ids=[run.run_id])
        states = found.get(run.run_id, {})
        return next((stage for stage in STAGES if states.get(stage) == "failed"), None)


def reasons(night: str) -> list[dict[str, Any]]:
    """The gate's reasons as the report states them; empty when the night did not come that far."""
    path = root() / "reports" / night / "run.json"
    return list(json.loads(path.read_text(encoding="utf-8")).get("reasons", [])) if path.is_file() else []


def compose(night: str, stage: str, cause: str | None, why: list[dict[str, Any]]) -> dict[str, Any]:
    """The alert of a night: stage, cause, what to do next, and the page that explains it."""
    first = next((reason for reason in why if reason.get("code")), {}) if stage == "gate" else {}
    rule = first.get("code")
    page = Path(first.get("runbook") or RUNBOOKS / f"{rule or stage}.md")
    if rule:
        action = f"Open {page}, have the cause corrected, then run the night again."
    else:
        action = f"Read the log of national_night.{stage}, correct the cause, then run the night again."
    return {
        "night": night,
        "stage": stage,
        "rule": rule,
        "cause": cause or f"{stage} failed and said nothing.",
        "next_action": action,
        "runbook": str(page if (REPOSITORY / page).is_file() else RUNBOOKS / "README.md"),
        "report": f"reports/{night}/index.html",
    }


def sentence(alert: Mapping[str, Any]) -> str:
    """The alert in one line."""
    return f"Night {alert['night']}: {alert['stage']}: {alert['cause']} {alert['next_action']}"


def write(alert: Mapping[str, Any]) -> None:
    """Replace the night's alert; a second run of the night does not add a second one."""
    folder = root() / "reports" / alert["night"]
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / ".alert.json"
    fresh.write_text(json.dumps(alert, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    fresh.replace(folder / "alert.json")


def send(alert: Mapping[str, Any]) -> None:
    """Mail the alert when ``[alert]`` of the policy names ``email_to`` and ``smtp_host``."""
    mail = policy().get("alert", {})
    if not (mail.get("smtp_host") and mail.get("email_to")):
        return
    message = EmailMessage()
    message["Subject"] = f"Veillée : nuit {alert['night']}, {alert['stage']}"
    message["From"] = mail.get("email_from", "veillee@localhost")
    message["To"] = ", ".join(mail["email_to"])
    message.set_content("\n".join(f"{name}: {value}" for name, value in alert.items()) + "\n")
    with smtplib.SMTP(mail["smtp_host"], mail.get("smtp_port", 25), timeout=30) as server:
        if mail.get("smtp_starttls", False):
            server.starttls()
        if mail.get("smtp_user"):
            server.login(mail["smtp_user"], os.environ["VEILLEE_SMTP_PASSWORD"])
        server.send_message(message)
