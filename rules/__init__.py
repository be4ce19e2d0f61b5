"""The listener-rule language of the Application Load Balancer, pure: no I/O, no clock, no randomness."""
