"""What an operator does from the terminal: keep a backup, bring one back, ask what is wrong."""
