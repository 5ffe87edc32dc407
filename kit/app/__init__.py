"""One function per use case: what the command line calls and what the tests call."""
