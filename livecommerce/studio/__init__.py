"""Studio: the host's dashboard. It shows several apps at once and presses their verbs; it has no tables of its own."""
