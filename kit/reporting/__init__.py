"""Reports: one findings model, built once, and a view of it per format."""
