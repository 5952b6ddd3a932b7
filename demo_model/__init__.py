"""The small model that ships with the project, and `tiny`, a random one for tests."""
