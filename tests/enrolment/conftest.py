"""A workspace for people."""

from tests.workspaces import english, put, workspace

__all__ = ["english", "put", "workspace"]
