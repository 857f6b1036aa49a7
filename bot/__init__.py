"""Does what the flows decide: web, jobs, store, carrier."""
