"""One module a command: ``run(options) -> exit code``."""
