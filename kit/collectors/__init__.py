"""How answers of devices come in: over SSH, from this machine, from recorded files.

A collector executes nothing but the scripts of registered reads (law 4) and judges nothing.
"""
