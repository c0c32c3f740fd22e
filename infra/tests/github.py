"""A GitHub of a few lines: the runners of an organisation, and an App that may delete them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class GitHubStandIn:
    """Two pages of runners, and whatever answers a test puts before the usual ones: `answers` holds, by
    method and path, statuses with headers, each for one call."""

    def __init__(self, runners: dict[int, str], organisation: str = "acme"):
        self.runners, self.organisation = dict(runners), organisation
        self.answers: dict[str, list[tuple[int, dict]]] = {}
        self.bearers: list[tuple[str, str]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                stand_in.handle(self)

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("content-length", 0)))
        path, _, query = request.path.partition("?")
        call = f"{request.command} {path}"
        self.bearers.append((call, request.headers.get("authorization", "").removeprefix("Bearer ")))
        if self.answers.get(call):
            status, headers = self.answers[call].pop(0)
            body = {"message": "as the test wants it"}
        else:
            status, headers, body = self.usual(request.command, path, query)
        data = b"" if body is None else json.dumps(body).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def usual(self, method: str, path: str, query: str) -> tuple[int, dict, dict | None]:
        of_organisation = f"/orgs/{self.organisation}"
        runners = f"{of_organisation}/actions/runners"
        if (method, path) == ("GET", f"{of_organisation}/installation"):
            return 200, {}, {"id": 7}
        if (method, path) == ("POST", "/app/installations/7/access_tokens"):
            return 201, {}, {"token": "of-the-installation"}
        if (method, path) == ("GET", runners):
            both = sorted(self.runners.items())
            half = (len(both) + 1) // 2
            second = "page=2" in query
            listed = [
                {"id": number, "name": name} for number, name in (both[half:] if second else both[:half])
            ]
            more = {} if second else {"link": f'<{self.url}{runners}?per_page=100&page=2>; rel="next"'}
            return 200, more, {"total_count": len(both), "runners": listed}
        if method == "DELETE" and path.startswith(f"{runners}/"):
            found = self.runners.pop(int(path.rpartition("/")[2]), None)
            return (204, {}, None) if found else (404, {}, {"message": "Not Found"})
        return 404, {}, {"message": "Not Found"}
