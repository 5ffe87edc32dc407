"""From a delivery note to named device slots. Nothing is guessed, nothing is half done."""
