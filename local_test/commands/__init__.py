"""The commands, one module each: ``run(options, screen) -> exit code``."""
