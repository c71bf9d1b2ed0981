"""Features of what people say: functions from batches of texts to values, named in ``conf/extractors.yml``."""
