"""The records and abstract bases everything else is made of. Frozen, pure, no I/O."""
