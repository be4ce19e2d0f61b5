"""The command `albacore`."""
