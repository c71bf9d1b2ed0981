"""Silver: one file for each conformed entity, and for who is who."""
