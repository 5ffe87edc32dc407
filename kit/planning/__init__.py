"""From judged settings to what would be touched, in which order. Pure."""
