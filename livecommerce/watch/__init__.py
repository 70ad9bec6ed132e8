"""Watch: the pages that viewers see: home, shows, products, hosts, brands, sign-in. All work without scripts."""
