"""What operators manage through the API: pools, clients and their parts (cognito.md 3.6, 3.7).

The services here hold the rules and write the store; they know no wire format but the members' names, which
are the API's own. Refusals are `Refused`, told by one table of `idp.api.errors`.
"""
