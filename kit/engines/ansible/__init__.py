"""The engine on Ansible. ``engine`` is this process's side; ``worker`` runs in its own.

The worker runs the same roles as the stock project does, through ansible-runner.
"""
