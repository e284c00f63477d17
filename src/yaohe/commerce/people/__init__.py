"""What is kept of one person: to be handed out to them, and to be taken away."""
