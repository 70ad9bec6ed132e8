"""Watch: the pages that viewers see. Home, shows, products, hosts, brands and sign-in; every page works without scripts."""
