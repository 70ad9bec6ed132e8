"""Chat: people talking during a show. Messages, mutes and reactions.

The feed carries what is said; these tables are for moderating it.
"""
