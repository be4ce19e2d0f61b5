"""The demonstration: a load balancer, a user pool and a sample app on two targets, in one process."""
