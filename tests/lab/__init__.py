"""The lab: real Debian 12 hosts for tests, in namespaces of this machine and in one QEMU machine.

Nothing of it is left on the machine: every process, mount and network lives in namespaces owned by
one process, the warden, which dies with the process that opened the lab, however that ends.
"""
