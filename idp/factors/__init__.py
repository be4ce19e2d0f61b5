"""Second factors, codes as the first factor, and passkeys.

`records` holds what is stored, `policy` decides (pure), the other modules are one factor each, and `service`
is what the doors use.
"""
