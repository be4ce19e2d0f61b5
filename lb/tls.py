"""TLS of an HTTPS listener: its security policy, its certificates and its clients' (alb.md 1.2 to 1.5).

`ListenerTls` gives a context for each new connection. Certificates, policy and trust store are replaced
whole; connections made before a replacement keep what they negotiated.
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from functools import partial

from lb.certificate_choice import Choices, build_choices
from lb.handshake import Handshake, can_watch, watch
from lb.security_policies import POLICIES, Policy
from lb.settings import ListenerSettings, MutualMode
from lb.trust import TrustStore, load_trust_store

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME (openssl/x509_vfy.h), which `ssl.VerifyFlags` does not name."""

_VERIFY_MODES = {
    MutualMode.OFF: ssl.CERT_NONE,
    MutualMode.PASSTHROUGH: ssl.CERT_OPTIONAL,
    MutualMode.VERIFY: ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class _State:
    """What a listener's settings come to, with every file read."""

    policy: Policy
    choices: Choices
    mode: MutualMode
    ignore_expiry: bool
    trust: TrustStore | None
    watched: bool
    alpn: tuple[str, ...]

    @classmethod
    def build(cls, settings: ListenerSettings) -> _State:
        mutual = settings.mutual
        mode = mutual.mode
        watched = settings.tells_key_exchange or mode is not MutualMode.OFF
        if watched and not can_watch:
            raise ValueError("this Python's `ssl` shows no handshake messages: no mutual TLS with it")
        policy = POLICIES[settings.ssl_policy]
        alpn = ("h2", "http/1.1") if settings.http2 else ("http/1.1",)
        trust = load_trust_store(mutual.trust_store) if mutual.trust_store else None
        if mode is MutualMode.VERIFY and trust is None:
            raise ValueError("mutual TLS in mode verify needs a trust store")

        def new_context() -> ssl.SSLContext:
            context = _context(policy, alpn, watched=watched)
            if mode is MutualMode.VERIFY and trust is not None:
                context.load_verify_locations(cadata=trust.anchors)
            return context

        choices = build_choices(settings.certificates, new_context)
        return cls(policy, choices, mode, mutual.ignore_expiry, trust, watched, alpn)

    def fresh_context(self) -> ssl.SSLContext:
        """Return a context without certificates."""
        return _context(self.policy, self.alpn, watched=self.watched)

    def entry(self) -> ssl.SSLContext:
        """Return a context for connections to start with; their server name gives them another.

        What OpenSSL copies when a connection begins is set here: versions, options, verification.
        """
        context = self.fresh_context()
        if self.mode is not MutualMode.OFF:
            # Order matters: OpenSSL asks for no certificate without a mode, and checks no time by flag.
            context.verify_mode = _VERIFY_MODES[self.mode]
            flags = int(ssl.VERIFY_X509_PARTIAL_CHAIN)
            if self.ignore_expiry or self.mode is MutualMode.PASSTHROUGH:
                flags |= _NO_CHECK_TIME
            context.verify_flags |= ssl.VerifyFlags(flags)
            # No resumption (alb.md 1.5): tickets are not given, and the session cache, which `ssl` cannot
            # switch off, goes with the context.
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
        return context


class ListenerTls:
    """The TLS side of one HTTPS listener; everything about it can be replaced while it serves."""

    def __init__(self, settings: ListenerSettings) -> None:
        """Read everything; raises OSError or ValueError, naming the file."""
        self.apply(settings)

    def apply(self, settings: ListenerSettings) -> None:
        """Take up `settings` for connections that begin from now on.

        Raises OSError or ValueError, and then changes nothing.
        """
        state = _State.build(settings)
        shared = state.entry()
        shared.sni_callback = partial(_greet, state)
        self._state, self._shared = state, shared

    def take_over(self, other: ListenerTls) -> None:
        """Go on with what `other` has read; cannot fail."""
        self._state, self._shared = other._state, other._shared

    @property
    def trust(self) -> TrustStore | None:
        """The trust store of a listener that verifies."""
        return self._state.trust if self._state.mode is MutualMode.VERIFY else None

    def begin(self) -> tuple[ssl.SSLContext, Handshake]:
        """Return the context for one new connection, and what its handshake will tell.

        Without client certificates connections share a context, and so can resume sessions; the handshake
        is then found on the SSL object (`lb.handshake.told_by`) only.
        """
        state = self._state
        handshake = Handshake(state.mode, state.fresh_context, self.trust)
        if state.mode is MutualMode.OFF:
            return self._shared, handshake
        context = state.entry()
        context.sni_callback = partial(_choose, handshake, state.choices)
        return context, handshake


def _greet(state: _State, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    Handshake(state.mode, state.fresh_context).choose(connection, name, state.choices)


def _choose(
    handshake: Handshake, choices: Choices, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext
) -> None:
    handshake.choose(connection, name, choices)


def _context(policy: Policy, alpn: tuple[str, ...], *, watched: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        # TLS 1.0 and 1.1 are deprecated in `ssl`; a policy that names them asks for them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = policy.minimum
        context.maximum_version = policy.maximum
    if policy.ciphers:
        context.set_ciphers(policy.ciphers)
    if policy.curve:
        context.set_ecdh_curve(policy.curve)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(alpn))
    if watched:
        watch(context)
    return context
