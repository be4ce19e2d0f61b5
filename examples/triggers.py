"""Functions for the triggers of a user pool, as AWS Lambda would run them.

PoolServer:
  Functions:
    - {FunctionName: only-our-people, Handler: examples/triggers.py:only_our_people}
    - {FunctionName: add-tenant, Handler: examples/triggers.py:add_tenant}
UserPools:
  - UserPoolName: staff
    LambdaConfig:
      PreSignUp: only-our-people
      PreTokenGenerationConfig: {LambdaVersion: V2_0, LambdaArn: add-tenant}
"""


def only_our_people(event, context):
    """PreSignUp: let only addresses of one domain sign up."""
    if not event["request"]["userAttributes"].get("email", "").endswith("@example.com"):
        raise ValueError("sign up with your example.com address")
    return event


def add_tenant(event, context):
    """PreTokenGeneration, version 2: put the tenant into both tokens."""
    tenant = event["request"]["userAttributes"].get("custom:tenant", "none")
    claims = {"claimsToAddOrOverride": {"tenant": tenant}}
    event["response"]["claimsAndScopeOverrideDetails"] = {
        "idTokenGeneration": claims,
        "accessTokenGeneration": claims,
    }
    return event
