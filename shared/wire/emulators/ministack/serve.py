"""Serves ministack on 127.0.0.1, for as long as standard input is open.

    serve.py [--endpoint URL] [--minute SECONDS] [--quiet] [PORT]

Prints the port when it is ready; without one, or with 0, a free one. URL is where the functions find AWS, if
that is not here. A minute of a schedule takes SECONDS. What goes wrong is said on standard error, a
function's start for example, unless it is to be quiet.

What AWS does by itself, and offers nobody a call for, is here under `/_aws-itself/`:

    POST events       a service of AWS puts an event on the default bus, which PutEvents refuses to customers
    POST kill/NAME    Lambda loses the host of an environment of this function that has an event in hand
"""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from functools import partial
from threading import Event, Thread

ITSELF = "/_aws-itself/"
ACCOUNT = "123456789012"
REGION = "us-east-1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settle(port: int, endpoint: str, folder: str, quiet: bool) -> None:
    """What ministack reads when it is imported, and what it hands on to the functions. Nothing of the caller's
    AWS is in it, and no Docker."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "LAMBDA_", "MAYFLY_"))]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "DOCKER_HOST": "unix:///nowhere",
        "PERSIST_STATE": "0",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "CRITICAL" if quiet else "ERROR",
        "TMPDIR": folder,
    }
    tempfile.tempdir = folder


def shorten_minutes(seconds: float) -> None:
    """Rules are looked at every ten seconds, and come by the minute at least."""
    from ministack.services import eventbridge

    by_the_minute = eventbridge._parse_rate_seconds
    eventbridge._parse_rate_seconds = lambda rate: (by_the_minute(rate) or 0) * seconds / 60 or None
    eventbridge._SCHEDULER_TICK_INTERVAL = min(1, seconds / 5)


async def answer(app, scope, receive, send) -> None:
    path = scope.get("path", "")
    if scope["type"] != "http" or not path.startswith(ITSELF):
        return await app(scope, receive, send)
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    match path.removeprefix(ITSELF).split("/"):
        case ["events"]:
            status = await asyncio.to_thread(put_event, json.loads(body))
        case ["kill", name]:
            status = 200 if await asyncio.to_thread(kill, name) else 404
        case _:
            status = 404
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def put_event(event: dict) -> int:
    """As the services that ministack has put theirs there."""
    from ministack.core.responses import set_request_account_id, set_request_region
    from ministack.services import eventbridge

    set_request_account_id(ACCOUNT)
    set_request_region(REGION)
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event.get("resources", []),
    }
    status, _, body = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    return 500 if json.loads(body).get("FailedEntryCount") else status


def kill(name: str) -> bool:
    from ministack.core import lambda_runtime

    with lambda_runtime._lock:
        workers = [it for pool in lambda_runtime._workers.values() for it in pool]
    busy = [it for it in workers if it.func_name == name and it.in_use and it._proc and it._current_request_id]
    for worker in busy[:1]:
        worker._proc.kill()
        # Whether it is this that has ended it.
        return worker._proc.wait(timeout=5) == -signal.SIGKILL
    return False


async def serve(port: int, closed: Event) -> None:
    from hypercorn.asyncio import serve as serve_app
    from hypercorn.config import Config
    from ministack import app as ministack
    from ministack.core import lambda_runtime

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = "CRITICAL"
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def until_the_input_closes() -> None:
        closed.wait()
        # What is cut off now is no error, and nobody waits for the answer of a function that is gone.
        logging.disable(logging.CRITICAL)
        lambda_runtime.reset()
        loop.call_soon_threadsafe(over.set)

    async def ready() -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                print(port, flush=True)
                return

    serving.set()
    Thread(target=until_the_input_closes, daemon=True).start()
    saying = asyncio.create_task(ready())
    await serve_app(partial(answer, ministack.app), config, shutdown_trigger=over.wait)
    saying.cancel()


serving = Event()


def watch_the_input(folder: str, closed: Event) -> None:
    """Until it serves, there is nothing to end in order: importing ministack takes seconds."""
    sys.stdin.read()
    closed.set()
    if not serving.is_set():
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint")
    parser.add_argument("--minute", type=float, default=60)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("port", type=int, nargs="?", default=0)
    given = parser.parse_args()
    port = given.port or free_port()
    with tempfile.TemporaryDirectory(prefix="ministack-") as folder:
        closed = Event()
        Thread(target=watch_the_input, args=(folder, closed), daemon=True).start()
        settle(port, given.endpoint or f"http://127.0.0.1:{port}", folder, given.quiet)
        if given.minute != 60:
            shorten_minutes(given.minute)
        try:
            asyncio.run(serve(port, closed))
        finally:
            from ministack.core import lambda_runtime

            # The functions' processes.
            lambda_runtime.reset()
            sys.stdout.flush()


if __name__ == "__main__":
    main()
