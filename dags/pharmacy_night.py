"""The night of pharmacies: sales, invoices and the insurance's claims, each in its format.

Each night at the hour that `config/policy.toml` names, what producers deposited is **pulled**, **standardised** and
**checked**. **close** then writes the source's state (complete, partial, failed, absent) whatever happened before it,
and tells `national_night`. **verdict** fails the run when the state is failed.

*Relancer une nuit* : « Trigger » avec la clé de partition `AAAA-MM-JJ`.
"""

from common.source import source_dag

dag = source_dag("pharmacy", __doc__)
