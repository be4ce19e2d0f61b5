"""Fuzzing the wire: bytes that nobody would send, judged by what comes out at the other side.

Each target of `bench.fuzz.targets` takes bytes and raises when the load balancer did wrong with them.
`python -m bench.fuzz TARGET` runs one under atheris; tests/bench/test_fuzz.py runs the seeds and what was
once found.
"""
