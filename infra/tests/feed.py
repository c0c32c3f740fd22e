"""A feed of versions of a few lines: GitHub's API and a registry, as `mayfly images update` asks them."""

import hashlib
import json

from served import Quiet, serve


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Feed:
    """The newest runner program, and what the tag of each base image names."""

    def __init__(self, test, version: str):
        self.version, self.base = version, "first"
        feed = self

        class Handler(Quiet):
            def do_GET(self):
                feed.answer(self, body=True)

            def do_HEAD(self):
                feed.answer(self, body=False)

        self.url = f"http://{serve(test, Handler)}"

    def answer(self, request, body: bool) -> None:
        path = request.path
        headers, text = {}, "{}"
        if path.endswith("/releases/latest"):
            names = [f"actions-runner-linux-{it}-{self.version}.tar.gz" for it in ("x64", "arm64")]
            assets = [{"name": it, "digest": f"sha256:{digest(it)}"} for it in names]
            text = json.dumps({"tag_name": f"v{self.version}", "published_at": "2026-11-20T00:00:00Z", "assets": assets})
        elif "/commits/" in path:
            text = digest(path)[:40]
        elif "/manifests/" in path:
            headers["docker-content-digest"] = f"sha256:{digest(path + self.base)}"
        request.send_response(200)
        for name, value in {**headers, "content-length": str(len(text))}.items():
            request.send_header(name, value)
        request.end_headers()
        if body:
            request.wfile.write(text.encode())
