"""An OpenID Connect provider on loopback, which answers as a test tells it to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "ocrsite", "client secret"


class IdentityProvider:
    """Knows one person, whose claims and token a test may change."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.key = key
        self.claims: dict[str, Any] = {
            "sub": "subject-1",
            "email": "owner@acme.example",
            "email_verified": True,
        }
        self.changed: dict[str, Any] = {}  # in the ID token, over what belongs there
        self.config: dict[str, Any] = {}  # over the discovery document's
        self.userinfo: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.signing_key: Any = key
        self.headers = {"kid": "k1"}
        self.token: str | None = None  # instead of one that is made
        self.status = 200  # of everything
        self.asked: list[str] = []
        self.traded: list[dict[str, str]] = []
        self.request: dict[str, str] = {}  # the authorization request that the browser brings

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def id_token(self) -> str:
        if self.token is not None:
            return self.token
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}
        claims = usual | {"nonce": self.request.get("nonce")} | self.claims | self.changed
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.signing_key, algorithm=self.algorithm, headers=self.headers)

    def answer(self, path: str, form: dict[str, str]) -> Any:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
            } | self.config
        if path == "/keys":
            public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [public | {"kid": "k1", "use": "sig", "alg": "RS256"}]}
        if path == "/token":
            self.traded.append(form)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if challenge != self.request["code_challenge"] or form["client_secret"] != SECRET:
                return {"error": "invalid_grant"}
            return {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token()}
        return self.userinfo

    @contextmanager
    def running(self) -> Iterator[IdentityProvider]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                answer = json.dumps(provider.answer(self.path, form)).encode()
                self.send_response(provider.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()
