"""Pointsman: a request-routing LLM gateway."""

__version__ = "0.1.0"
