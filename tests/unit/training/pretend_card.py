"""A card that is none: its tensors say that they are on another device, and the processor works on them.

Tensors on it and on the processor do not mix, as little as on a real one, so that a tensor that was left on the wrong
device is found without a card. It goes by the name of torch's "meta" device, which every machine has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

CARD = torch.device("meta")
INDEXED = ("index", "index_put", "index_put_", "_unsafe_index")
"""Operations that take an index from the processor on cards too."""
COPIES = ("_to_copy", "copy_")


class OnCard(torch.Tensor):
    """A tensor on the card."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> OnCard:
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype, device=CARD
        )
        made.held = held
        return made

    def tolist(self) -> Any:
        """Torch's own knows no such tensors."""
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(
        cls, operation: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return _done(operation, args, kwargs or {}, lambda name: None)

    __torch_function__ = torch._C._disabled_torch_function_impl


class PretendCard(TorchDispatchMode):
    """While it is entered, there is such a card."""

    def __init__(self) -> None:
        super().__init__()
        self._overwrote = torch.__future__.get_overwrite_module_params_on_conversion()
        self.waits: list[str] = []
        """Operations for which the program waited until the card had done everything before them."""

    def __enter__(self) -> PretendCard:
        # Else `module.to` would give a parameter the layout of its new values, but not the values.
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        super().__enter__()
        return self

    def __exit__(self, *of: Any) -> None:
        super().__exit__(*of)
        torch.__future__.set_overwrite_module_params_on_conversion(self._overwrote)

    def __torch_dispatch__(
        self, operation: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return _done(operation, args, kwargs or {}, self.waits.append)


def _done(operation: Any, args: Sequence[Any], kwargs: Mapping[str, Any], waits: Callable[[str], None]) -> Any:
    name = operation._schema.name.removeprefix("aten::")
    tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    there = [each for each in tensors if isinstance(each, OnCard)]
    wanted = kwargs.get("device")
    on_card = bool(there) if wanted is None else torch.device(wanted) == CARD
    if name == "copy_":
        on_card = isinstance(args[0], OnCard)
    _refuse_mixed(name, args, tensors, there)
    if (name in COPIES and on_card != bool(there) and not kwargs.get("non_blocking")) or (
        there and name in ("_local_scalar_dense", "nonzero")
    ):
        waits(name)
    if wanted is not None and on_card:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    args, kwargs = tree_map(lambda each: each.held if isinstance(each, OnCard) else each, (args, kwargs))
    result = operation(*args, **kwargs)
    if not on_card:
        return result
    known = {id(each.held): each for each in there}  # what is changed in place stays the same tensor
    return tree_map(
        lambda each: (known[id(each)] if id(each) in known else OnCard(each)) if isinstance(each, Tensor) else each,
        result,
    )


def _refuse_mixed(name: str, args: Sequence[Any], tensors: Sequence[Tensor], there: Sequence[OnCard]) -> None:
    if not there or name in COPIES:
        return
    if name in INDEXED:
        tensors = tensors if not isinstance(args[0], OnCard) else there
    left = [tuple(each.shape) for each in tensors if not isinstance(each, OnCard) and each.ndim]
    if left:
        raise RuntimeError(f"{name}: all tensors have to be on the same device, and these are not on the card: {left}")
