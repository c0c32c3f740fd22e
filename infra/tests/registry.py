"""A registry of images of a few lines, which may ask for a token that it gives to anybody."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler

from served import Quiet, serve

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def manifest(architectures: list[str] | None) -> bytes:
    """An index of images; None: one image and no index."""
    if architectures is None:
        return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": []}).encode()
    images = [
        {"mediaType": MANIFEST, "platform": {"os": "linux", "architecture": it}} for it in architectures
    ]
    attested = {"mediaType": MANIFEST, "platform": {"os": "unknown", "architecture": "unknown"}}
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*images, attested]}).encode()


class Registry:
    """Repositories, their tags, and the architectures of each."""

    def __init__(self, test, repositories: dict[str, dict[str, list[str] | None]], token: str | None = None):
        self.bodies = {
            f"/v2/{repository}/manifests/{name}": manifest(architectures)
            for repository, tags in repositories.items()
            for tag, architectures in tags.items()
            for name in (tag, f"sha256:{hashlib.sha256(manifest(architectures)).hexdigest()}")
        }
        self.token = token
        registry = self

        class Handler(Quiet):
            def do_GET(self):
                registry.answer(self)

        self.host = serve(test, Handler)

    def digest(self, repository: str, tag: str) -> str:
        return f"sha256:{hashlib.sha256(self.bodies[f'/v2/{repository}/manifests/{tag}']).hexdigest()}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path, _, query = request.path.partition("?")
        status, headers, body = 404, {}, b"{}"
        if path == "/token":
            assert "scope=repository%3A" in query and "service=ours" in query, query
            status, body = 200, json.dumps({"token": self.token}).encode()
        elif self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            repository = path.removeprefix("/v2/").partition("/manifests/")[0]
            challenge = (
                f'Bearer realm="http://{self.host}/token",service="ours",scope="repository:{repository}:pull"'
            )
            status, headers = 401, {"www-authenticate": challenge}
        elif path in self.bodies and INDEX in request.headers.get("accept", ""):
            status, body = 200, self.bodies[path]
        request.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
