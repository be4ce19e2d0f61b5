"""Lambda triggers (cognito.md 8): functions that a pool calls at set places, and what they may change.

`records` and `names` say what is configured, `targets` where a function runs (a worker process, a Lambda
endpoint, a webhook), `events` and `answers` speak Cognito's event shapes, and the services beside them are
what the core calls.
"""
