"""Exploration: spaces, points, fronts, workers."""
