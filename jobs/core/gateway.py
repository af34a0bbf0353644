"""What pyspark asks the JVM for at every column and call, asked for once.

A name is a round trip each time, for short names first a search of all jars for a class that is called just so, which
ends in an exception. A static method is another one, for which the JVM copies the list of all methods of its class:
that was a tenth of what a small night costs the driver.
"""

from typing import Any

from py4j.java_gateway import JavaClass, JavaMember
from pyspark.sql import SparkSession

NAMES = (
    "functions",
    "PythonUtils",
    "PythonSQLUtils",
    "org.apache.spark.sql.classic.SparkSession",
    "org.apache.spark.sql.functions",
    "org.apache.spark.sql.expressions.Window",
)


class Remembered(JavaClass):  # type: ignore[misc]  # py4j has no types
    """A Java class that remembers the static methods it was asked for."""

    def __getattr__(self, name: str) -> Any:
        member = super().__getattr__(name)
        if isinstance(member, JavaMember):
            self.__dict__[name] = member
        return member


def remember(session: SparkSession) -> None:
    """Let a session's gateway remember the classes and methods that columns are made of."""
    view = session._jvm
    for name in NAMES:
        found = getattr(view, name)
        setattr(view, name, Remembered(found._fqn, found._gateway_client))
