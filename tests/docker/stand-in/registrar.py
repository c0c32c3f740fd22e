#!/usr/bin/env python3
"""A stand-in for the registrar: answers PID 1's one question as its arguments say.

    registrar.py WITHOUT-LISTENER WITH-LISTENER

Each is a list of answers with commas between them, the last one again and again: `config:SCENARIO`,
`wait:SECONDS`, `leave`. What it was asked goes to its output, without the ticket.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TICKET = "ticket-of-the-test"


def reply(text: str) -> dict:
    """The answer that a word stands for."""
    kind, _, value = text.partition(":")
    if kind == "config":
        settings = {"pool": "ec2-x64", "runner_name": "mayfly-1", "sudo": False}
        return {"answer": "config", "jit_config": value, "settings": settings}
    if kind == "wait":
        return {"answer": "wait", "seconds": int(value)}
    if kind == "leave":
        return {"answer": "leave"}
    raise ValueError(f"no answer is called {text}")


class Registrar(BaseHTTPRequestHandler):
    """One answer to one question."""

    without, with_one = ([reply(text) for text in texts.split(",")] for texts in sys.argv[1:3])

    def do_POST(self) -> None:
        """Answers, or refuses what is no question of that task."""
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/ask" or question["ticket"] != TICKET:
            self.send_error(403)
            return
        print(f"asked: {question['listener']}", flush=True)
        answers = self.without if question["listener"] == "none" else self.with_one
        body = json.dumps(answers.pop(0) if len(answers) > 1 else answers[0]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """It has said what it has to say."""


ThreadingHTTPServer(("127.0.0.1", 8080), Registrar).serve_forever()
