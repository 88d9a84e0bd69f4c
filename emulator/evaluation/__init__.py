"""How good a bundle is."""
