"""What keeps guessers, sprayers and mail bombers off the pool: rate limits, known passwords, risk.

Decisions here are pure and told as values; the doors and the sign-in flows ask for them.
"""
