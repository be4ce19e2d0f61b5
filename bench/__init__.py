"""CPU per request of albacore beside nginx, Traefik and Envoy, measured on the machine that runs it.

`python -m bench` prints one table. Nothing here is imported by the product.
"""
