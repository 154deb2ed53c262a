"""The deployments of a model: who is asked next, how much each gets to do, when one is given a rest."""
