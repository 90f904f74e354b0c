"""The `samelight` command, one file a command. What needs torch is imported inside the commands that use it."""
