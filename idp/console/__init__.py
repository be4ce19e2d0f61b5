"""The admin console: the pages under `/admin`, where members of a pool's own admin group manage the pool.

One more door to the same core: what is allowed and what it does is decided by the services that the JSON API
calls, too. Owns who may come in, the pages and the audit lines; no rule about users, groups or clients.
"""
