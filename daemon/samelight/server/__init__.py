"""The daemon's outside: socket and authentication, what each message does, life cycle, log, single instance."""
