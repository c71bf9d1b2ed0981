"""Feeds: what a source file in ``conf/sources`` says, how files become bronze rows, and how these map to silver."""
