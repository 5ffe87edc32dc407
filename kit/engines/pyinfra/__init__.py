"""The engine on pyinfra. ``engine`` is this process's side; ``worker`` runs in its own.

Only modules that the worker imports may import pyinfra: it brings gevent, which must never be
loaded into the process of the command line.
"""
