"""A site in one file: `manage.py backup` makes it while the site runs, `manage.py restore` puts it back."""
