"""The chat model that needs no key and no network: a small model in a wrapper that can be trusted."""
