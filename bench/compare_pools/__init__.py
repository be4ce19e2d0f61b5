"""The same calls of Cognito's API put to albacore, moto and cognito-local, and what each answered."""
