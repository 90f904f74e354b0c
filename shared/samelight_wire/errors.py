"""Every error a person can see, as one small tree: a wire code, a sentence for the artist and a hint what to do.

    SamelightError                    error
    ├── InputError                    bad-input
    │   ├── SizeMismatchError         size-mismatch
    │   ├── EmptyMaskError            empty-mask
    │   ├── NoBackdropError           no-backdrop
    │   ├── TransparentLayerError     transparent-layer
    │   ├── PictureTooLargeError      too-large
    │   ├── UnreadablePictureError    unreadable-picture
    │   ├── UnsupportedFormatError    unsupported-format
    │   ├── NonFinitePixelsError      non-finite
    │   ├── UnknownModelError         unknown-model
    │   ├── OutputError               output
    │   └── InvalidOptionError        invalid-option
    ├── WeightsError                  weights
    │   ├── WeightsMissingError       weights-missing
    │   ├── WeightsCorruptError       weights-corrupt
    │   └── DownloadError             weights-download
    ├── ConnectionFailed              connection
    │   ├── DaemonNotRunningError     not-running
    │   ├── StaleConnectionError      stale-connection
    │   ├── AuthenticationError       wrong-token
    │   ├── IdentityError             wrong-identity
    │   ├── PortTakenError            port-taken
    │   ├── AlreadyRunningError       already-running
    │   └── RequestTimeout            timeout
    ├── ProtocolError                 protocol
    │   ├── VersionMismatchError      version
    │   └── MalformedMessageError     malformed
    ├── JobError                      job
    │   ├── CancelledError            cancelled
    │   ├── OutOfMemoryError          out-of-memory
    │   ├── InternalError             internal
    │   └── UnknownJobError           unknown-job
    └── TrainingError                 training

Over the wire an error travels as its code, message and hint; `from_wire` gives the class back. A code this release does
not know (a newer peer's) becomes a plain `SamelightError` that keeps the code.
"""

from __future__ import annotations

__all__ = [
    "AlreadyRunningError",
    "AuthenticationError",
    "CancelledError",
    "ConnectionFailed",
    "DaemonNotRunningError",
    "DownloadError",
    "EmptyMaskError",
    "IdentityError",
    "InputError",
    "InternalError",
    "InvalidOptionError",
    "JobError",
    "MalformedMessageError",
    "NoBackdropError",
    "NonFinitePixelsError",
    "OutOfMemoryError",
    "OutputError",
    "PictureTooLargeError",
    "PortTakenError",
    "ProtocolError",
    "RequestTimeout",
    "SamelightError",
    "SizeMismatchError",
    "StaleConnectionError",
    "TrainingError",
    "TransparentLayerError",
    "UnknownJobError",
    "UnknownModelError",
    "UnreadablePictureError",
    "UnsupportedFormatError",
    "VersionMismatchError",
    "WeightsCorruptError",
    "WeightsError",
    "WeightsMissingError",
    "codes",
    "from_wire",
]


class SamelightError(Exception):
    """The root of the tree: anything that Samelight reports to a person.

    Attributes: `code` (the wire code), `message` (one sentence) and `hint` (what to do about it, may be empty). The
    class holds the defaults; an instance made with a message or a hint of its own shows those.
    """

    code: str = "error"
    message: str = "Samelight could not do this."
    hint: str = "The daemon's log file says more: run `samelight doctor`."

    def __init__(self, message: str | None = None, hint: str | None = None) -> None:
        if message is not None:
            self.message = message
        if hint is not None:
            self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


# ---- what was given cannot be worked on (the command line exits with code 2) ----


class InputError(SamelightError):
    """The picture, the mask or an option cannot be worked on."""

    code = "bad-input"
    message = "This input cannot be harmonized."
    hint = "Check the picture, the mask and the options."


class SizeMismatchError(InputError):
    """Two rasters that belong together have different sizes."""

    code = "size-mismatch"
    message = "The mask and the picture have different sizes."
    hint = "Export both from the same document without scaling either."


class EmptyMaskError(InputError):
    """The mask or the selection marks no pixel."""

    code = "empty-mask"
    message = "The mask marks no pixel, so there is nothing to harmonize."
    hint = "Paint the pasted object white in the mask, or select it."


class NoBackdropError(InputError):
    """There is no backdrop: the mask covers everything, or all that is below is transparent."""

    code = "no-backdrop"
    message = "There is no backdrop to take the light from."
    hint = "Show a layer below this one, or leave the backdrop out of the mask."


class TransparentLayerError(InputError):
    """The layer has no visible pixel."""

    code = "transparent-layer"
    message = "The layer is fully transparent, so there is nothing to harmonize."
    hint = "Choose the layer that holds the pasted object."


class PictureTooLargeError(InputError):
    """The picture exceeds the limit on pixels."""

    code = "too-large"
    message = "The picture is larger than Samelight accepts."
    hint = "Crop the layer, or raise max_pixels in the configuration file."


class UnreadablePictureError(InputError):
    """The file is no picture, or it is damaged."""

    code = "unreadable-picture"
    message = "The picture cannot be read."
    hint = "Open it in a picture viewer; if that fails too, export it again."


class UnsupportedFormatError(InputError):
    """The pixel layout, depth, encoding or alpha convention is not supported."""

    code = "unsupported-format"
    message = "The pixel format is not supported."
    hint = "Convert the layer to RGB or grayscale with alpha."


class NonFinitePixelsError(InputError):
    """A float layer holds NaN or infinity."""

    code = "non-finite"
    message = "The layer holds pixels that are not numbers (NaN or infinity)."
    hint = "Repair those pixels, or convert the layer to 16-bit integer and back."


class UnknownModelError(InputError):
    """No model has this name."""

    code = "unknown-model"
    message = "There is no model of this name."
    hint = "`samelight models` lists the names."


class OutputError(InputError):
    """The result cannot be written."""

    code = "output"
    message = "The result cannot be written."
    hint = "Check that the folder exists, is writable and has free space."


class InvalidOptionError(InputError):
    """An option has a value it cannot have."""

    code = "invalid-option"
    message = "An option has a value that it cannot have."
    hint = "`--help` lists the values."


# ---- weights ----


class WeightsError(SamelightError):
    """A model's weights cannot be used."""

    code = "weights"
    message = "The weights of this model cannot be used."
    hint = "`samelight models` says which weights are installed."


class WeightsMissingError(WeightsError):
    """The weights file is not there."""

    code = "weights-missing"
    message = "The weights of this model are not installed."
    hint = "Run `python3 installer` again, or choose another model."


class WeightsCorruptError(WeightsError):
    """The weights file is truncated or is not the file that the manifest names."""

    code = "weights-corrupt"
    message = "The weights of this model are damaged."
    hint = "Delete the file and run `python3 installer` again."


class DownloadError(WeightsError):
    """A weights file could not be downloaded."""

    code = "weights-download"
    message = "The weights could not be downloaded."
    hint = "Check the connection to the internet and run the same command again: it goes on where it stopped."


# ---- reaching the daemon ----


class ConnectionFailed(SamelightError):  # noqa: N818
    """The daemon cannot be reached, or is not trusted."""

    code = "connection"
    message = "The connection to the Samelight daemon failed."
    hint = "Run `samelight daemon status`."


class DaemonNotRunningError(ConnectionFailed):
    """There is no connection file, so no daemon runs."""

    code = "not-running"
    message = "The Samelight daemon is not running."
    hint = "Start it with `samelight daemon --detach`."


class StaleConnectionError(ConnectionFailed):
    """The connection file is there, but no daemon answers at its address."""

    code = "stale-connection"
    message = "The Samelight daemon that the connection file names is gone."
    hint = "Start it again with `samelight daemon --detach`."


class AuthenticationError(ConnectionFailed):
    """The daemon refused this client's token."""

    code = "wrong-token"
    message = "The Samelight daemon refused this program's token."
    hint = "The daemon was probably restarted: try again; if that fails, run `python3 installer` again."


class IdentityError(ConnectionFailed):
    """Whoever answered could not prove to be the user's daemon; no pixel was sent."""

    code = "wrong-identity"
    message = "Another program answered in place of the Samelight daemon. No picture was sent."
    hint = "Restart the daemon: `samelight daemon stop`, then `samelight daemon --detach`."


class PortTakenError(ConnectionFailed):
    """Another program listens on the daemon's port."""

    code = "port-taken"
    message = "Another program uses the port that the daemon wants."
    hint = "Set `port = 0` in the configuration file, so that the system chooses a free one."


class AlreadyRunningError(ConnectionFailed):
    """A daemon of this user runs already."""

    code = "already-running"
    message = "A Samelight daemon is running already."
    hint = "Use it, or stop it with `samelight daemon stop`."


class RequestTimeout(ConnectionFailed):
    """No answer came in time."""

    code = "timeout"
    message = "The Samelight daemon did not answer in time."
    hint = "Try again; if it stays silent, restart it with `samelight daemon stop` and `samelight daemon --detach`."


# ---- understanding each other ----


class ProtocolError(SamelightError):
    """The plug-in and the daemon do not understand each other."""

    code = "protocol"
    message = "The plug-in and the daemon do not understand each other."
    hint = "Update both: run `python3 installer` again."


class VersionMismatchError(ProtocolError):
    """The peer speaks another major version of the protocol."""

    code = "version"
    message = "The plug-in and the daemon are of releases that do not understand each other."


class MalformedMessageError(ProtocolError):
    """A message breaks the rules of the protocol."""

    code = "malformed"
    message = "A message between the plug-in and the daemon is damaged."


# ---- jobs ----


class JobError(SamelightError):
    """A job did not end with a result."""

    code = "job"
    message = "The job could not be finished."


class CancelledError(JobError):
    """The job was cancelled."""

    code = "cancelled"
    message = "The job was cancelled."
    hint = ""


class OutOfMemoryError(JobError):
    """The daemon ran out of memory."""

    code = "out-of-memory"
    message = "There is not enough memory for this picture."
    hint = "Close other programs, or crop the layer."


class InternalError(JobError):
    """A fault of Samelight's own."""

    code = "internal"
    message = "Samelight made a mistake of its own."
    hint = "Please report it with the daemon's log file; `samelight doctor` says where that is."


class UnknownJobError(JobError):
    """The daemon does not know this job (any more)."""

    code = "unknown-job"
    message = "The daemon does not remember this result any more."
    hint = "Harmonize the layer again."


class TrainingError(SamelightError):
    """A training cannot go on."""

    code = "training"
    message = "The training cannot go on."
    hint = "Its last checkpoint is kept."


def codes() -> dict[str, type[SamelightError]]:
    """Every wire code and the class that defines it."""
    found: dict[str, type[SamelightError]] = {}
    waiting = [SamelightError]
    while waiting:
        error_class = waiting.pop()
        if "code" in vars(error_class):
            found[error_class.code] = error_class
        waiting.extend(error_class.__subclasses__())
    return found


def from_wire(code: str, message: str | None = None, hint: str | None = None) -> SamelightError:
    """The error a wire code stands for, with the sender's own words; an unknown code gives a plain SamelightError."""
    error = codes().get(code, SamelightError)(message, hint)
    error.code = code
    return error
