"""An issuer of tokens over loopback: an RS256 key, its JWKS, OpenID Connect's discovery."""

import base64
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

AUDIENCE = "trilha-e2e"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """Serves what a verifier asks for, and signs claims."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                document = issuer.documents().get(self.path)
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def documents(self):
        public = self.key.public_key().public_numbers()
        jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": number(public.n), "e": number(public.e)}
        return {"/.well-known/jwks.json": {"keys": [jwk]},
                "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/.well-known/jwks.json"}}

    def token(self, key=None, header=None, **claims):
        """Claims that are good unless said otherwise; `None` leaves one out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "ana", "iat": now, "exp": now + 3600, "custom:tenant": "local",
                "custom:courses": "*"}
        claims = {name: value for name, value in (good | claims).items() if value is not None}
        parts = [{"alg": "RS256", "typ": "JWT", "kid": "one"} | (header or {}), claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = (key or self.key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"
