"""One module per document that can be read from a device."""
