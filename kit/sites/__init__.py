"""What a workspace holds: its configuration, the sites, their devices, the hardware profiles."""
