"""Who asks: users who sign in by e-mail, and visitors, the one identity of every viewer."""
