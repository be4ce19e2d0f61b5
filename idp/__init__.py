"""The user pool: users, sign-in, tokens and hosted pages, compatible with Amazon Cognito."""
