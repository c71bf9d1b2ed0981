"""A model in a minute from one flat file, without a lake: classification, uplift, customer lifetime value."""
