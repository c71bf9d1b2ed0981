"""Sets Kith up on a fresh machine: Python environment, Java check, jars."""
