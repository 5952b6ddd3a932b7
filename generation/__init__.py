"""How pictures come to be: prompts, jobs, the worker and its engine."""
