"""Gold: one file for each dimension, fact, mart and score."""
