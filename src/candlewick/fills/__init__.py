"""Where a simulated order becomes a fill, and the only place where one does."""
