"""The catalogue as data: rules, parameters, baselines, frameworks. Loaded by ``kit.catalogue``."""
