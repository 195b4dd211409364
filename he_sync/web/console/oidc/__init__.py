"""Signing in at an identity provider: OpenID Connect, authorization code with PKCE. Groups there are roles here.

`settings` reads what is configured, `attempts` keeps who is on the way, `provider` asks and checks, `routes` has the
two addresses. A token is checked, used once and forgotten: nothing here calls the provider in a person's name.
"""
