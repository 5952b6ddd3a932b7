"""Makes pictures from recipes with diffusers. Pure Python: no Django, no database, no files of ours."""
