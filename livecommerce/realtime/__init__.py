"""Floor: how truth becomes a picture. News are published after commit, numbered, joined per tick and sent once per socket."""
