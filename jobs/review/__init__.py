"""Review of links by a cleared steward: decisions as data, queues, and a page that only this machine can open."""
