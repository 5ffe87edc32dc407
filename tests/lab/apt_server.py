"""Serves a folder by HTTP to the lab's hosts:  apt_server.py FOLDER ADDRESS PORT.

While FOLDER/frozen exists, connections are accepted and requests get no answer.
"""

from __future__ import annotations

import functools
import http.server
import sys
import time
from pathlib import Path


class Handler(http.server.SimpleHTTPRequestHandler):
    """Always the file as it is now: two publications within a second share their date."""

    def send_head(self):
        while Path(self.directory, "frozen").exists():
            time.sleep(0.05)
        del self.headers["If-Modified-Since"]
        return super().send_head()


if __name__ == "__main__":
    folder, address, port = sys.argv[1:]
    handler = functools.partial(Handler, directory=folder)
    server = http.server.ThreadingHTTPServer((address, int(port)), handler)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()
