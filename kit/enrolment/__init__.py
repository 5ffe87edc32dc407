"""People of a site and their second factors, from a list to the proof of use."""
