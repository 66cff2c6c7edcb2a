"""Partner applications, connections, switches: the firm's side only."""
