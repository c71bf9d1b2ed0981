"""The models that carry the money, on Spark: lifetime value by cohort, uplift of campaigns, tiers of buyers."""
