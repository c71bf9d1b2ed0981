"""The kernel and the shared vocabulary: tables, loads, jobs, the lake."""
