"""Jobs whose tables tell about the platform itself."""
