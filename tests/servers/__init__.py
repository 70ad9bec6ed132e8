"""Throw-away servers for tests and benchmarks.

Each is a real server on a free loopback port with a directory of its own; it is gone when its `with` block ends,
and the kernel ends it too when the process that started it is killed.
"""
