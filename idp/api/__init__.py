"""The JSON 1.1 door of the user pool: `POST /` as `cognito-idp.REGION.amazonaws.com` answers it.

`door` reads a request and answers, `shapes` validates, `sigv4` checks signatures, `operations` translates
between the service model and the pool's services, which hold all logic. The facts are in cognito.md 3.
"""
