"""Set-up and operation on one machine: preflight, environment, Airflow's processes, the night runner."""
