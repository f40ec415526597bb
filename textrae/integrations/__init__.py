"""Runs in other people's tools: one module for each, which needs that tool's extra and which nothing else imports."""
