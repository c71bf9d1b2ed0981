"""One module for each family of file formats: how a file is judged by its ends, and how its records are read."""
