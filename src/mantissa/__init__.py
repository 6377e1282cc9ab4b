"""Mantissa Log: a serverless security-log lake that also runs on a laptop."""

__version__ = "0.1.0"
