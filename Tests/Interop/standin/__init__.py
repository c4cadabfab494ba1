"""A Consul server's peering port and dialer, as far as its peers can see them, on grpcio."""
