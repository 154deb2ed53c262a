"""Pointsman: a request-routing LLM gateway."""
