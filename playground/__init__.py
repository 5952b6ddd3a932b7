"""The site: wiring only, no logic."""
