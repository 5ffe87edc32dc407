"""The catalogue: rules, parameters and baselines, loaded and validated whole."""
