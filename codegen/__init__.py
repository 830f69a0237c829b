"""Turns the operation table (`operations/*.ops`) into the three faces, OpenAPI and reference pages."""
