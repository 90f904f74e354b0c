"""The daemon's inside: one queue of work, one worker thread a device, and what runs in it."""
