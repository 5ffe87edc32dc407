"""The loop for one site: ``reading`` (collect, check, plan) and ``applying``."""
