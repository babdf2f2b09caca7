#!/usr/bin/env python3
"""Makes the test data with the reference implementation (gguf, torch, safetensors): random blocks of every quantised type
and what they decode to, and a small llama model as GGUF file beside the weights that it converts to.

usage: make.py DIR
"""
import sys
import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Q
from safetensors.torch import save_file

out = sys.argv[1]
rng = np.random.default_rng(1)


def f16(*values):
    return np.array(values, dtype=np.float16).view(np.uint8)


def vectors():
    """Random blocks whose scales are ordinary numbers: where the scales lie differs from type to type."""
    scales = {Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2], Q.Q8_0: [0],
              Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208]}
    tensors = {}
    for kind, places in scales.items():
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, (1024 // elements, size), dtype=np.uint8)
        for block in blocks:
            for at in places:
                block[at:at + 2] = f16(rng.normal() * 0.1)
        blocks[0, places[0]:places[0] + 2] = f16(-5.96e-8)  # the smallest subnormal
        values = gguf.dequantize(blocks.reshape(1, -1), kind)
        tensors[kind.name + ".blocks"] = torch.from_numpy(blocks.reshape(-1).copy())
        tensors[kind.name + ".values"] = torch.from_numpy(values.reshape(-1).copy())
    save_file(tensors, f"{out}/vectors.safetensors")


# C hidden, H query heads, G key/value heads, D head size, F feed-forward, V vocabulary, L layers
C, H, G, D, F, L = 64, 4, 2, 16, 96, 2


def permute(w, heads):
    """The order of llama.cpp for the rows of q_proj and k_proj."""
    return w.reshape(heads, 2, D // 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def byte_alphabet():
    """The printable character that stands for each byte in byte-level BPE."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(other)) for b in range(256)]


def model():
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *byte_alphabet(), "th", "the", "\u0120the", "<tool>"]
    merges = ["t h", "th e", "\u0120 the"]
    types = [3, 3, 3, *[1] * 256, 1, 1, 1, 4]
    V = len(tokens)
    w = gguf.GGUFWriter(f"{out}/tiny.gguf", "llama")
    w.add_name("tiny")
    w.add_block_count(L)
    w.add_context_length(512)
    w.add_embedding_length(C)
    w.add_feed_forward_length(F)
    w.add_head_count(H)
    w.add_head_count_kv(G)
    w.add_rope_freq_base(50000.0)
    w.add_layer_norm_rms_eps(1e-6)
    w.add_vocab_size(V)
    w.add_rope_dimension_count(D)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(merges)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_unk_token_id(0)
    w.add_add_bos_token(True)
    w.add_chat_template("{{ messages[0]['content'] }} <é>")

    expected = {}

    def add(name, hf, shape, kind, heads=0):
        values = rng.normal(size=shape).astype(np.float32)
        stored = gguf.quantize(permute(values, heads) if heads else values, kind)
        decoded = gguf.dequantize(stored, kind).reshape(shape)
        if heads:  # undo permute
            decoded = decoded.reshape(heads, D // 2, 2, shape[1]).swapaxes(1, 2).reshape(shape)
        w.add_tensor(name, stored, raw_dtype=kind)
        expected[hf] = torch.from_numpy(decoded.copy()).to(torch.bfloat16)

    add("token_embd.weight", "model.embed_tokens.weight", (V, C), Q.Q8_0)
    for i in range(L):
        b, m = f"blk.{i}.", f"model.layers.{i}."
        add(b + "attn_norm.weight", m + "input_layernorm.weight", (C,), Q.F32)
        add(b + "attn_q.weight", m + "self_attn.q_proj.weight", (H * D, C), Q.Q4_0, H)
        add(b + "attn_k.weight", m + "self_attn.k_proj.weight", (G * D, C), Q.Q4_1, G)
        add(b + "attn_v.weight", m + "self_attn.v_proj.weight", (G * D, C), Q.F16)
        add(b + "attn_output.weight", m + "self_attn.o_proj.weight", (C, H * D), Q.BF16)
        add(b + "ffn_norm.weight", m + "post_attention_layernorm.weight", (C,), Q.F32)
        add(b + "ffn_gate.weight", m + "mlp.gate_proj.weight", (F, C), Q.Q5_0)
        add(b + "ffn_up.weight", m + "mlp.up_proj.weight", (F, C), Q.Q5_1)
        add(b + "ffn_down.weight", m + "mlp.down_proj.weight", (C, F), Q.Q4_1)
    add("output_norm.weight", "model.norm.weight", (C,), Q.F32)
    add("output.weight", "lm_head.weight", (V, C), Q.Q4_0)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    save_file(expected, f"{out}/tiny.safetensors")


vectors()
model()
