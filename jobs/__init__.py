"""The composition root: one file for each table, and what finds, plans and runs them."""
