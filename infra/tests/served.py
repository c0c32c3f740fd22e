"""A server of a few lines, for as long as a test."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Quiet(BaseHTTPRequestHandler):
    """It says nothing of what it was asked."""

    def log_message(self, *_):
        pass


def serve(test, handler: type[BaseHTTPRequestHandler]) -> str:
    """Its host, with the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return f"127.0.0.1:{server.server_port}"
