"""The contract: variables, rows, bundle; and the operations whose bits no neighbour changes."""
