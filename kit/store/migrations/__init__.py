"""The one migration path of the store."""
