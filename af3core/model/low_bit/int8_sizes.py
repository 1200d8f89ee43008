"""What weights in eight bits take: held, and widened on the way; without torch."""

from __future__ import annotations

from af3core.model.model_sizes import ModelSizes

WIDENED_OUTPUTS = 18_944
"""Of a weight, wide at once: 0.14 GB of AF3, whose output layer would take 1.09 GB."""


def saved_bytes(
    sizes: ModelSizes,
    number_bytes: int,
    think_parameters: int = 0,
    *,
    has_output_layer: bool = True,
) -> int:
    """How much less the weights of a checkpoint take than with `number_bytes` each: those of the
    decoder's linear layers, and of the output layer, have one byte, and each output a scale.

    Args:
        sizes: of the checkpoint.
        number_bytes: of what is computed in, a scale too.
        think_parameters: numbers that think weights of the same folder hold besides: linear layers,
            and embeddings, which stay as they are.
        has_output_layer: of its own; else it is the embeddings.
    """
    layers = [*sizes.linear_layers.values()] * sizes.layers
    head = [(sizes.vocabulary, sizes.hidden)] if has_output_layer else []
    numbers, outputs = _counts([*layers, *head])
    in_layers, of_layers = _counts(layers)
    of_think = min(think_parameters, in_layers)
    scales = outputs + of_layers * of_think // max(in_layers, 1)
    return (numbers + of_think) * (number_bytes - 1) - scales * number_bytes


def widened_bytes(sizes: ModelSizes, number_bytes: int) -> int:
    """The most that one product widens at once, where it has more rows than the kernel takes."""
    weights = [*sizes.linear_layers.values(), (sizes.vocabulary, sizes.hidden)]
    return max(min(outputs, WIDENED_OUTPUTS) * inputs for outputs, inputs in weights) * number_bytes


def _counts(weights: list[tuple[int, int]]) -> tuple[int, int]:
    """Numbers, and outputs."""
    return sum(outputs * inputs for outputs, inputs in weights), sum(w[0] for w in weights)
