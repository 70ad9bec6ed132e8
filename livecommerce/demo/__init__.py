"""The demo: a shop with a story, a synthetic broadcaster and a synthetic crowd."""
