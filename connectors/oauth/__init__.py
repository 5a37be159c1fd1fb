"""
Sign-in by OpenID Connect, and everything that can go wrong on the way.

Authlib speaks OAuth 2.0, joserfc checks signatures; the rules of RFC 9700 that are kept here:
code flow with PKCE S256, state and nonce, an exact redirect address, the issuer checked,
`response_mode=query` so that the session cookie comes along.

No token, code, secret or verifier is ever part of an error, a repr or a log line.
"""
