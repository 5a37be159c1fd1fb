"""What workers need: leases, claims, due work, crash points, and requests that people wait for."""
