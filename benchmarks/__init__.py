"""Figures as ratios against something real, measured side by side in one go."""
