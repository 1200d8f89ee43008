"""A sentence encoder of BERT's form in numpy: embeds texts within a second of a cold start.

Texts of a batch lie behind each other without padding: one matrix product serves the words of all
texts, and attention, which looks at one text alone, takes texts of one length together. Vectors
are those of sentence-transformers within float32's rounding.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.embedding.error_function import gelu

Array = npt.NDArray[np.float32]

_TOKENS_IN_BATCH = 2048
_MODULES = ("Transformer", "Pooling", "Normalize")
_WHOLE = {"pooling_mode_mean_tokens": True}
_PREFIXES = ("", "bert.", "0.auto_model.")


@dataclass(frozen=True)
class BertShape:
    """What of a checkpoint's configuration decides how it is computed."""

    layers: int
    heads: int
    dimensions: int
    norm_epsilon: float
    max_tokens: int
    vocabulary: int

    @classmethod
    def read(cls, folder: Path) -> BertShape | None:
        """Of a folder of sentence-transformers; None where it holds another kind of model.

        Taken are BERT with absolute positions and exact GELU, the mean over all words, and
        vectors of length 1.
        """
        try:
            modules = [part["type"].rpartition(".")[2] for part in _json(folder, "modules.json")]
            config = _json(folder, "config.json")
            sentence = _json(folder, "sentence_bert_config.json")
            pooling = _json(folder, "1_Pooling/config.json")
        except (OSError, ValueError, KeyError, TypeError):
            return None
        files = ("model.safetensors", "tokenizer.json")
        if not all((folder / name).is_file() for name in files):
            return None
        modes = {k: v for k, v in pooling.items() if k.startswith("pooling_mode") and v is True}
        ours = (
            tuple(modules) == _MODULES
            and modes == _WHOLE
            and config.get("model_type") == "bert"
            and config.get("hidden_act") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
        )
        if not ours:
            return None
        longest = int(config["max_position_embeddings"])
        return cls(
            int(config["num_hidden_layers"]),
            int(config["num_attention_heads"]),
            int(config["hidden_size"]),
            float(config["layer_norm_eps"]),
            min(int(sentence.get("max_seq_length") or longest), longest),
            int(config["vocab_size"]),
        )


class BertEncoder:
    """A loaded checkpoint; threads may share it.

    Args:
        shape: of the checkpoint.
        tokenizer: of the package tokenizers.
        weights: by their names in the file.
    """

    def __init__(self, shape: BertShape, tokenizer: Any, weights: Mapping[str, Array]) -> None:
        self._shape = shape
        self._tokenizer = tokenizer
        self._weights = _joined_projections(shape, weights)

    @classmethod
    def load(cls, folder: Path, shape: BertShape) -> BertEncoder:
        """Read weights and tokenizer.

        Raises:
            ImportError: packages of the extra `search` are missing.
            OSError, ValueError, KeyError: the folder is incomplete or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the package raises no narrower one
            raise ValueError(f"tokenizer.json: {error}") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(shape.max_tokens)
        try:
            weights = load_file(folder / "model.safetensors")
        except SafetensorError as error:
            raise ValueError(f"model.safetensors: {error}") from error
        return cls(shape, tokenizer, weights)

    @property
    def dimensions(self) -> int:
        """Of a vector."""
        return self._shape.dimensions

    def encode(self, texts: Sequence[str]) -> Array:
        """Unit vectors `[texts, dimensions]`."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        found = np.empty((len(texts), self.dimensions), np.float32)
        order = sorted(range(len(texts)), key=lambda row: len(tokens[row]))
        for batch in _batches(order, [len(ids) for ids in tokens]):
            found[batch] = self._encode_batch([tokens[row] for row in batch])
        return found

    def _encode_batch(self, tokens: Sequence[Sequence[int]]) -> Array:
        """Vectors of texts that are sorted by their lengths."""
        lengths = [len(ids) for ids in tokens]
        runs = [(length, len(list(same))) for length, same in groupby(lengths)]
        states = self._embed_words(tokens, lengths)
        for layer in range(self._shape.layers):
            states = self._run_layer(states, runs, f"encoder.layer.{layer}.")
        starts = np.cumsum([0, *lengths[:-1]])
        means = np.add.reduceat(states, starts, axis=0) / np.array(lengths, np.float32)[:, None]
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        return np.asarray(means / np.maximum(norms, np.float32(1e-12)), np.float32)

    def _embed_words(self, tokens: Sequence[Sequence[int]], lengths: Sequence[int]) -> Array:
        words = np.concatenate([np.asarray(ids, np.int64) for ids in tokens])
        places = np.concatenate([np.arange(length) for length in lengths])
        states = self._weights["embeddings.word_embeddings.weight"][words]
        states = states + self._weights["embeddings.position_embeddings.weight"][places]
        states += self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm(states, "embeddings.LayerNorm.")

    def _run_layer(self, states: Array, runs: Sequence[tuple[int, int]], name: str) -> Array:
        attended = self._attend(self._linear(states, f"{name}attention.self."), runs)
        states = self._norm(
            states + self._linear(attended, f"{name}attention.output.dense."),
            f"{name}attention.output.LayerNorm.",
        )
        between = gelu(self._linear(states, f"{name}intermediate.dense."))
        return self._norm(
            states + self._linear(between, f"{name}output.dense."), f"{name}output.LayerNorm."
        )

    def _attend(self, projected: Array, runs: Sequence[tuple[int, int]]) -> Array:
        """Attention within each text, `[words, dimensions]`; texts of a length go together."""
        heads, dimensions = self._shape.heads, self._shape.dimensions
        width = dimensions // heads
        attended = np.empty((len(projected), dimensions), np.float32)
        at = 0
        for length, count in runs:
            rows = slice(at, at + length * count)
            at += length * count
            parts = projected[rows].reshape(count, length, 3, heads, width)
            query, key, value = parts.transpose(2, 0, 3, 1, 4)
            scores = query @ key.transpose(0, 1, 3, 2)
            scores *= np.float32(1 / math.sqrt(width))
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            mixed = (scores @ value).transpose(0, 2, 1, 3)
            attended[rows] = mixed.reshape(length * count, dimensions)
        return attended

    def _linear(self, states: Array, name: str) -> Array:
        product: Array = states @ self._weights[f"{name}weight"]
        product += self._weights[f"{name}bias"]
        return product

    def _norm(self, states: Array, name: str) -> Array:
        centred = states - states.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", centred, centred)[:, None] / np.float32(states.shape[1])
        centred /= np.sqrt(variance + np.float32(self._shape.norm_epsilon))
        centred *= self._weights[f"{name}weight"]
        centred += self._weights[f"{name}bias"]
        return centred


def _joined_projections(shape: BertShape, weights: Mapping[str, Array]) -> dict[str, Array]:
    """By names without a prefix; query, key and value of a layer as one, matrices transposed."""
    prefix = next(p for p in _PREFIXES if f"{p}embeddings.word_embeddings.weight" in weights)
    named = {
        name.removeprefix(prefix): np.asarray(weight, np.float32)
        for name, weight in weights.items()
        if name.startswith(prefix) and weight.dtype.kind == "f"
    }
    if named["embeddings.word_embeddings.weight"].shape != (shape.vocabulary, shape.dimensions):
        raise ValueError("model.safetensors: its words are not those of config.json")
    for layer in range(shape.layers):
        at = f"encoder.layer.{layer}.attention.self."
        for kind in ("weight", "bias"):
            parts = [named[f"{at}{part}.{kind}"] for part in ("query", "key", "value")]
            named[f"{at}{kind}"] = np.concatenate(parts)
    # as matrix products take them
    return {
        name: weight.T if name.startswith("encoder.") and weight.ndim == 2 else weight
        for name, weight in named.items()
    }


def _batches(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Rows in their order, as many together as have some thousand words."""
    batches: list[list[int]] = []
    held = 0
    for row in order:
        if not batches or held + lengths[row] > _TOKENS_IN_BATCH:
            batches.append([])
            held = 0
        batches[-1].append(row)
        held += lengths[row]
    return batches


def _json(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))
