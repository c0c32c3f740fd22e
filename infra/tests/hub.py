"""What stands around the mirror in a test: Docker Hub with one image, and an S3 that notes what it is asked."""

import base64
import hashlib
import json
import random
import sys
import threading
import urllib.error
import urllib.request
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from served import Quiet

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
# More than one part of an upload (the driver's chunks are of 10 MiB), and of no pattern.
LAYER = random.Random(7).randbytes(12 * 1024 * 1024)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Untroubled(ThreadingHTTPServer):
    """Whoever asks may end before it is answered."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """It ends with the test, or when it gets the word to go."""

    def __init__(self, test, handler: type[Quiet]):
        self.server = Untroubled(("127.0.0.1", 0), handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.go)

    def go(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Hub:
    """Docker Hub with library/one:1, for whoever has the token that it gives to anybody."""

    TOKEN = "of-the-hub"

    def __init__(self, test):
        config = b"{}"
        self.layer = digest(LAYER)
        parts = [{"size": len(it), "digest": digest(it)} for it in (config, LAYER)]
        body = {"schemaVersion": 2, "mediaType": MANIFEST}
        body["config"] = {"mediaType": "application/vnd.docker.container.image.v1+json", **parts[0]}
        body["layers"] = [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **parts[1]}]
        manifest = json.dumps(body).encode()
        at = "/v2/library/one"
        self.there = {f"{at}/manifests/{it}": (MANIFEST, manifest) for it in ("1", digest(manifest))}
        self.there |= {f"{at}/blobs/{digest(it)}": ("application/octet-stream", it) for it in (config, LAYER)}
        # What was asked for, and as whom for a token.
        self.asked: list[str] = []
        self.accounts: set[str | None] = set()
        hub = self

        class Handler(Quiet):
            def do_GET(self):
                hub.answer(self)

            do_HEAD = do_GET

        self.server = Server(test, Handler)
        self.url = f"http://{self.server.host}"

    def answer(self, request: Quiet) -> None:
        path, _, query = request.path.partition("?")
        status, headers, body = 404, {}, b"{}"
        if path == "/token":
            kind, _, basic = request.headers.get("authorization", "").partition(" ")
            self.accounts.add(base64.b64decode(basic).decode() if kind == "Basic" else None)
            status, body = 200, json.dumps({"token": self.TOKEN}).encode()
        elif request.headers.get("authorization") != f"Bearer {self.TOKEN}":
            challenge = f'Bearer realm="{self.url}/token",service="the-hub"'
            status, headers = 401, {"www-authenticate": challenge}
        elif path in self.there:
            kind, body = self.there[path]
            status, headers = 200, {"content-type": kind, "docker-content-digest": digest(body)}
            self.asked.append(f"{request.command} {path.removeprefix('/v2/library/one/')}")
        request.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


class NotedS3:
    """An S3 that hands on to moto, and notes the permission that each request needs, and on what."""

    def __init__(self, test, moto: str):
        self.moto = moto
        self.needed: set[tuple[str, str]] = set()
        noted = self

        class Handler(Quiet):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                noted.hand_on(self)

            do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

        self.server = Server(test, Handler)
        self.url = f"http://{self.server.host}"

    def hand_on(self, request: Quiet) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        self.needed |= needs(request.command, request.path, request.headers)
        kept = {name.lower(): it for name, it in request.headers.items() if name.lower() not in ("host", "expect", "connection")}
        # urllib would call it a form, which moto reads as one.
        kept.setdefault("content-type", "application/octet-stream")
        asked = urllib.request.Request(self.moto + request.path, body or None, kept, method=request.command)
        try:
            answer = urllib.request.urlopen(asked)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
            request.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                    request.send_header(name, value)
            # Of a HEAD it is the object's.
            length = answer.headers.get("content-length") if request.command == "HEAD" else str(len(content))
            request.send_header("content-length", length or "0")
            request.end_headers()
            request.wfile.write(content)


def needs(method: str, path: str, headers) -> set[tuple[str, str]]:
    """The permissions of a request, and what they are on: the bucket, or a key of it (Amazon S3 API reference, "Required
    permissions")."""
    split = urlsplit(path)
    _, bucket, key = [*split.path.split("/", 2), ""][:3]
    query = parse_qs(split.query, keep_blank_values=True)
    if not key:
        if method == "POST" and "delete" in query:
            return {("s3:DeleteObject", "every-key")}
        return {("s3:ListBucketMultipartUploads" if "uploads" in query else "s3:ListBucket", "")}
    if method in ("GET", "HEAD"):
        return {("s3:ListMultipartUploadParts" if "uploadId" in query else "s3:GetObject", key)}
    if method == "DELETE":
        return {("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", key)}
    source = headers.get("x-amz-copy-source")
    copied = {("s3:GetObject", source.lstrip("/").partition("/")[2])} if source else set()
    return {("s3:PutObject", key)} | copied
