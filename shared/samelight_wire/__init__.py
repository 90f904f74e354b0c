"""What an editor's Python and the Samelight daemon share: formats, messages, frames, errors and the clients."""
