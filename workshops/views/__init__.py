"""The pages and the buttons of a workshop, one module for each kind of work."""
