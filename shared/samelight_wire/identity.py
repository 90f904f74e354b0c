"""How the daemon proves that it is the user's own, before any picture is sent to it.

Another program may have taken over the port of a daemon that is gone. The client therefore sends random bytes in its
Hello, and the daemon answers with their HMAC-SHA256 under a secret that stands in the connection file and never
travels. (The token of the connection file does not serve for this: the client gives it away while it connects.)
"""

from __future__ import annotations

import hmac
import secrets

__all__ = ["is_proven", "make_nonce", "prove"]

_PURPOSE = b"samelight hello\0"


def make_nonce() -> bytes:
    """32 random bytes, for one Hello."""
    return secrets.token_bytes(32)


def prove(proof_key: str, nonce: bytes) -> bytes:
    """The daemon's proof for a Hello's nonce: 32 bytes."""
    return hmac.new(proof_key.encode("utf-8"), _PURPOSE + nonce, "sha256").digest()


def is_proven(proof: bytes, proof_key: str, nonce: bytes) -> bool:
    """Whether a HelloReply's proof is right; takes the same time either way."""
    return hmac.compare_digest(proof, prove(proof_key, nonce))
