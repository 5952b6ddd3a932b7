"""Who has an account, and how one comes in: signing in, invitations. Knows neither pictures nor jobs."""
