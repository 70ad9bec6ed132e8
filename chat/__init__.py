"""Chat: people talking during a show. Messages, mutes and reactions; the feed carries them, these tables moderate them."""
