"""Encoding and translating with Ray Data, on as many machines as there are: a part of the input at a time."""

from textrae.integrations.ray_data.jobs import Job, encoding, translating
from textrae.integrations.ray_data.running import Told, run_job

__all__ = ["Job", "Told", "encoding", "run_job", "translating"]
