"""What an environment is: of which commits, since when, whether it has drifted, and who did it."""
