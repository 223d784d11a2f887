"""Exploration: many targets for one network, each compiled and simulated exactly, and the best of them."""
