"""How much memory a micro-batch's activations take in a private training, kept or computed anew.

Counted in numbers an example, from the shape alone. *Kept* (:mod:`engine.pilot.dpsgd.fast_engine`):
each block holds what its way back needs until it has passed, and after that what its gradient is
formed of, until all norms are known; the larger of the two counts for every block, and beside them
what the embeddings' gradients are formed of. *Computed anew*
(:mod:`engine.pilot.dpsgd.recomputed`): each block holds its input, and one block all of it; what
embeddings take comes when the logits, which are more, are gone. Beside them stand the logits and
the sum of gradients.

Held to what torch really allocates on eight shapes, within a fifth of it
(``tests/pilot/test_memory.py``). float32; a pass in bfloat16 takes less. Not covered:
low-rank parts, whose frozen layers keep less.

Loads no torch.

>>> from engine.pilot.ladder import shape_for
>>> shape = shape_for(1_000_000, sequence_length=128)
>>> kept, anew = (activation_bytes(shape, 64, recompute=again) for again in (False, True))
>>> f"{kept / 1e6:.0f} MB, {anew / 1e6:.0f} MB"
'423 MB, 147 MB'
"""

from engine.pilot.ladder import key_value_width, parameter_count
from engine.pilot.plan import TrainingSettings
from engine.pilot.shape import Shape

_BYTES = 4
SHARE = 0.25
"""Of a machine's memory that a micro-batch may take: others run on it, and weights lie beside."""
ROOM = 2
"""Times the numbers of its factors that a matrix's formed gradients may take."""
LOOKUP_ROOM = 4
"""Times the numbers of its factor that an embedding's formed gradients may take."""


def activation_bytes(shape: Shape, examples: int, *, recompute: bool) -> float:
    """Of a micro-batch of ``examples`` windows, with the sum of their gradients."""
    positions, width, hidden = shape.sequence_length, shape.width, shape.hidden
    queries, shared = shape.heads * shape.head_width, key_value_width(shape)
    projected = queries + 2 * shared
    rotated = 0 if shape.has_positions else queries + shared
    gated = shape.activation == "swiglu"
    # Inputs and outputs of both norms, attention's output and the stream; up, its activation.
    block = positions * (5 * width + queries + projected + rotated + (4 if gated else 2) * hidden)
    layers = [(projected, width), (width, queries), (hidden, width), (width, hidden)]
    if gated:
        layers.append((hidden, width))
    formed = sum(
        p * d if p * d <= ROOM * positions * (p + d) else positions * (p + d) for p, d in layers
    )
    embedded = [shape.vocabulary_size, *([positions] if shape.has_positions else [])]
    looked_up = sum(
        rows * width if rows <= LOOKUP_ROOM * positions else positions * width for rows in embedded
    )
    head = 2 * positions * (shape.vocabulary_size + width)
    if recompute:
        blocks = shape.depth * positions * width + block + positions * (width + hidden)
    else:
        blocks = shape.depth * max(block, formed) + looked_up
    return float(_BYTES * (examples * (blocks + head) + parameter_count(shape)))


def micro_batch(shape: Shape, asked: int, *, memory: int | None, recompute: bool = False) -> int:
    """Of ``asked`` examples at once, as many as :data:`SHARE` of ``memory`` bytes holds: ``asked``
    halved until it does, at least one. A processor's memory gives way to no error: whoever takes
    too much is killed."""
    found = asked
    while found > 1 and memory is not None:
        if activation_bytes(shape, found, recompute=recompute) <= SHARE * memory:
            break
        found //= 2
    return found


def saved(settings: TrainingSettings) -> tuple[float, float] | None:
    """Bytes of a micro-batch with activations kept and computed anew; None where low-rank parts are
    trained, of which nothing is counted."""
    if settings.start is not None and settings.start.lora_rank:
        return None
    examples = settings.physical_batch_size
    kept, anew = (
        activation_bytes(settings.shape, examples, recompute=recompute)
        for recompute in (False, True)
    )
    return kept, anew
