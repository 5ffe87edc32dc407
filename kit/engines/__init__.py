"""What changes devices. Only ``kit.loop.applying`` imports it."""
