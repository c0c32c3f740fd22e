"""Serves moto on 127.0.0.1, for as long as standard input is open.

    serve.py [PORT]

Prints the port when it is ready; without one, or with 0, a free one. Whoever started it holds the
other end of standard input, so that it ends with them, however they end.
"""

import logging
import sys
from threading import Lock, Thread

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server


class DynamoDBOneAtATime:
    """DynamoDB isolates transactions. moto's TransactWriteItems does not: two at once lose writes,
    and one that is cancelled puts back the whole table as it was before it. So DynamoDB's requests
    wait for each other; those to other services do not."""

    def __init__(self, app):
        self.app = app
        self.lock = Lock()

    def __call__(self, environ, start_response):
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_"):
            return self.app(environ, start_response)
        with self.lock:
            return self.app(environ, start_response)


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    app = DynamoDBOneAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=MotoRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
