"""The OAuth 2.0 and OpenID Connect endpoints of the pool's domain (cognito.md 1.1-1.11).

Owns the HTTP shape of `/oauth2/*`, `/logout` and the discovery documents: reading parameters, deciding, and
spelling answers and errors. Owns no user, token or page: those are `idp.core` and `idp.pages`.
"""
