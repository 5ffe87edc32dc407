"""Where secrets are, and how one is fetched at the moment an engine uses it."""
