"""The engine of judgement: desired state and snapshot in, findings out. Pure."""
