"""Mail out of the user pool: what it says (`messages`), how it leaves (`smtp`, `inbox`), and the queue in
between.
"""
