"""The load balancer: listeners, authentication, target groups, and the bytes in between."""
