"""What an instance calls: the metadata service at its own address, and ECR and CloudWatch over TLS.

    aws.py CERTIFICATE KEY PASSWORD CALLS

A call has to be signed as botocore signs it, with the credentials of the instance's role. PASSWORD is what
GetAuthorizationToken gives; each metric goes to the file CALLS, a line of JSON.
"""
import base64
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CERTIFICATE, KEY, PASSWORD, CALLS = sys.argv[1:]
TOKEN = "token-of-the-metadata-service"
ROLE = {"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "a/secret+of=it", "Token": "IQoJ//session=="}
TOLD = {
    "instance-id": "i-0123456789abcdef0",
    "placement/region": "us-east-1",
    "services/domain": "amazonaws.com",
    "iam/security-credentials/": "mayfly-role",
    "iam/security-credentials/mayfly-role": json.dumps(ROLE, indent=2),
}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, code: int, body: str) -> None:
        self.send_response(code)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


class Metadata(Handler):
    """Version 2 alone: nothing without a token."""

    def do_PUT(self):
        self.answer(200, TOKEN) if self.path == "/latest/api/token" else self.answer(404, "")

    def do_GET(self):
        if self.headers["x-aws-ec2-metadata-token"] != TOKEN:
            return self.answer(401, "")
        found = TOLD.get(self.path.removeprefix("/latest/meta-data/"))
        return self.answer(200, found) if found else self.answer(404, "")


class Services(Handler):
    def signature(self, service: str, body: bytes) -> str:
        """What botocore signs of this request, with the headers that were signed here."""
        signed = self.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        assert "x-amz-security-token" in signed, signed
        headers = {name: self.headers[name] for name in signed}
        request = AWSRequest("POST", f"https://{self.headers['host']}{self.path}", data=body, headers=headers)
        request.context["timestamp"] = self.headers["x-amz-date"]
        auth = SigV4Auth(Credentials(ROLE["AccessKeyId"], ROLE["SecretAccessKey"]), service, "us-east-1")
        return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        service = {"api.ecr.us-east-1.amazonaws.com": "ecr", "monitoring.us-east-1.amazonaws.com": "monitoring"}[self.headers["host"]]
        if not self.headers["authorization"].endswith(f"Signature={self.signature(service, body)}"):
            return self.answer(403, '{"__type":"InvalidSignatureException"}')
        if self.headers["x-amz-security-token"] != ROLE["Token"]:
            return self.answer(403, '{"__type":"UnrecognizedClientException"}')
        if service == "monitoring":
            with open(CALLS, "a", encoding="utf-8") as calls:
                print(json.dumps(dict(parse_qsl(body.decode()))), file=calls)
            return self.answer(200, "<PutMetricDataResponse/>")
        assert self.headers["x-amz-target"] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
        token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
        return self.answer(200, json.dumps({"authorizationData": [{"authorizationToken": token, "expiresAt": 1.8e9}]}))


def main() -> None:
    metadata = ThreadingHTTPServer(("169.254.169.254", 80), Metadata)
    threading.Thread(target=metadata.serve_forever, daemon=True).start()
    services = ThreadingHTTPServer(("127.0.0.3", 443), Services)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    services.socket = context.wrap_socket(services.socket, server_side=True)
    services.serve_forever()


if __name__ == "__main__":
    main()
