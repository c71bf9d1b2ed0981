"""The life of a model: features, training, gates, registry, scoring."""
