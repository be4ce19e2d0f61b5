"""What signing in at the user pool costs, what a large pool answers lists in, and how long others wait."""
