"""Floor: how truth becomes a picture. News leave after the commit, numbered, joined per tick, once per socket."""
