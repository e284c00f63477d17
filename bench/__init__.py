"""The bench: what the figures of the design are on this machine, beside a peer in the same run.

`python -m bench` prints one table and writes `bench/out/results.json`; `python -m bench share chat`
runs only rows whose name begins so. Nothing here is a test: a slow machine makes a slow table. The
server stands alone on the first core, PostgreSQL and the load on the others, and fsync and
synchronous_commit are asserted before anything that is called durable.
"""
