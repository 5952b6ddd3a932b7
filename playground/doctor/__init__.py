"""What `manage.py doctor` looks at: each check tells what it found, and none raises."""
