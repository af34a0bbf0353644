"""What the DAG files share. Light imports only: parsing a DAG must not load Spark or Great Expectations."""
