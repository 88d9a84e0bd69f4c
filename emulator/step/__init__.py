"""The step in rooms: ``Step`` is the module of a bundle; each file beside it is one part of what it does."""

from .step import Step

__all__ = ["Step"]
