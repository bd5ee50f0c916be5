"""The classes of ssmbak 0.5.2."""
