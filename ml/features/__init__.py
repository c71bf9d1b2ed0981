"""Features of a customer as of past or present dates: point in time, several dates in one pass."""
