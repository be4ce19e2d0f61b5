"""The hosted pages: sign-in, sign-up, confirmation, password reset, the dev inbox and the error pages.

Server-rendered and complete without JavaScript. Owns what people see and the browser-facing defences (CSRF,
CSP, cookies); every decision about users and tokens is `idp.core`'s, every authorize rule `idp.oauth`'s.
"""
