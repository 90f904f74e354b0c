"""What an editor's Python and the Samelight daemon both need: pixel formats, messages, frames, errors, connection file, clients."""
