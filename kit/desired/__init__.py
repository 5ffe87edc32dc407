"""From a site, a device, its facts and a baseline to the settings the device should have."""
