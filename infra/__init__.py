"""What sets Kith up and carries it: jars, set-up, services."""
