"""Runs, snapshots, findings, plans and outcomes kept: SQLite by default, PostgreSQL by URL."""
