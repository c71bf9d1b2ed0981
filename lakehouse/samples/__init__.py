"""Samples of feeds: what format a file has, what its columns hold, and the source file that would take it in."""
