"""A project's own tokens: HMAC under its key over what is published, so that no crosswalk is needed to make them."""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.tokens import token_base32_array
from jobs.disclosure.measure import quoted

MAP = pa.schema([("domain", pa.string()), ("published", pa.string()), ("own", pa.string())])


def rename(connection: duckdb.DuckDBPyConnection, tokens: dict[str, str], key: bytes, epoch: int) -> None:
    """Put the project's tokens in the place of the published ones, in the columns of the table ``rows``.

    ``tokens``: column and domain. Each distinct one is hashed once; the map lives in this connection only.
    """
    connection.execute("CREATE OR REPLACE TABLE own (domain VARCHAR, published VARCHAR, own VARCHAR)")
    for domain in sorted(set(tokens.values())):
        names = [name for name, of in tokens.items() if of == domain]
        values = " UNION ".join(f"SELECT {quoted(name)} AS v FROM rows" for name in names)  # noqa: S608
        told = connection.execute(f"SELECT v FROM ({values}) WHERE v IS NOT NULL ORDER BY v").fetchall()  # noqa: S608
        distinct = pa.array([row[0] for row in told], pa.string())
        own = pc.binary_join_element_wise(str(epoch), token_base32_array(key, distinct, domain), ".")
        made = pa.table([pa.repeat(domain, len(own)), distinct, own], schema=MAP)
        connection.register("made", made)
        connection.execute("INSERT INTO own SELECT * FROM made")
        connection.unregister("made")
    for name, domain in tokens.items():
        connection.execute(
            f"UPDATE rows SET {quoted(name)} = own.own FROM own "  # noqa: S608
            f"WHERE own.domain = '{domain}' AND own.published = rows.{quoted(name)}"
        )
