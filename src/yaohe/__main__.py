"""`python -m yaohe` is the command line."""

from yaohe.app.cli import main

main()
