"""Sign-in by OpenID Connect: authorization code with PKCE, state and nonce.

The provider says who somebody is; role and accounts are those of the user in simpost. Needs the
extra `oidc` for the signatures of ID tokens. No pages and no users.
"""
