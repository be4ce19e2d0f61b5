"""Authentication at the load balancer: authenticate-cognito, authenticate-oidc and jwt-validation (alb.md 3,
4).

`runtime.AuthRuntime` and `runtime.compile_pre_action` are the way in, `callback.Callback` answers the
provider's redirect. Steps that decide are pure and take `now`; I/O happens in `Pending` coroutines only.
"""
