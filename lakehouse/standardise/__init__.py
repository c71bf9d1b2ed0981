"""The rule library: Spark columns that unify formats, each giving a value, a status and a reason."""
