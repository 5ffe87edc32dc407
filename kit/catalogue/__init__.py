"""The catalogue: rules, parameters, baselines and frameworks, loaded and validated whole."""
