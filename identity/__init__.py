"""Who is who: from identifiers to one stable id per person."""
