"""Every table contract, by layer: the only thing that the domains share."""
