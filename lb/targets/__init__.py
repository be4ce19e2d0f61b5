"""Target groups: who is registered, who is healthy, who gets the next request (alb.md section 5).

`health` and `select` are pure; `registry` is the one mutable owner; `checker` does the I/O.
"""
