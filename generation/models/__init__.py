"""What the database keeps of how pictures come to be."""

from generation.models.downloads import Download
from generation.models.jobs import Job, Prompt
from generation.models.keys import IdempotencyKey
from generation.models.workers import Pace, Pause, Worker

__all__ = ["Download", "IdempotencyKey", "Job", "Pace", "Pause", "Prompt", "Worker"]
