"""Model families: plain Python over arrays, without Spark and without MLflow."""
