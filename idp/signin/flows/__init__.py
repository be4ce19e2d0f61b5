"""Authentication flows: what starts a sign-in, which challenges follow, and when it is done (cognito.md 4).

One dispatcher (`idp.signin.service`) serves the hosted pages and the JSON API. What a factor is and what a
trigger does is behind two seams, `factors` and `triggers`.
"""
