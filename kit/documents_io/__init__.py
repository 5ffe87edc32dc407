"""Documents read with positions and written whole: YAML, tables, files. No meaning, no model."""
