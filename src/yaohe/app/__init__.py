"""The composition root: settings in, a running system out. Nothing imports this but the CLI."""
