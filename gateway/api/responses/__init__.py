"""OpenAI's Responses API, for callers."""
