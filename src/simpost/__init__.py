"""The open-source SMS service for eSIMs."""

__version__ = "0.1.0"
