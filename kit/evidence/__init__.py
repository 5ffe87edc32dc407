"""Evidence: what a run found, minimised, chained, sealed, and verified by anybody later. Pure."""
