"""Watch: the pages that viewers see: home, shows, products, hosts, brands and sign-in. Every one works without scripts."""
