#!/usr/bin/env python3
"""Make the small models and reference results that the Go tests of package model compare with.

    make_goldens.py models OUT_DIR              tiny random models, each a Hugging Face directory with reference.safetensors
    make_goldens.py errors OUT.json DIR...      PyTorch's own rounding error in bf16 and f16 on the models of these folders

Needs torch, transformers and safetensors; the files in model/testdata were made with 2.15, 5.23 and 0.8, on a CPU:

    make_goldens.py models model/testdata/goldens
    make_goldens.py errors model/testdata/pytorch_error.json model/testdata/goldens FOLDER_OF_FURTHER_MODELS...

reference.safetensors holds, for B prompts padded on the right to T tokens:
    input_ids [B,T] i32, lengths [B] i32
    logits [B,T,V] f32, or class_logits [B,classes] f32 for a classifier
    hidden_i [B,T,C] f32: the input of layer i; the last one is after the final norm
    greedy [B,N] i32: N tokens of greedy decoding, not stopping at the end of the text
Rows of padding hold 0. All is float32 arithmetic on the weights as stored.

errors writes, for each model and each of bf16 and f16, how far PyTorch computing in that type (weights and activations,
eager attention) is from the float32 reference: {"rms": …, "max": …}, both divided by the root mean square of the
reference logits. A test that allows twice that error asks for no more than PyTorch delivers. The digest of the reference
tells which model was measured; that of models which are not at hand shows what to expect of their kind.
"""
import argparse
import hashlib
import json
import math
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import (AutoModelForCausalLM, AutoModelForSequenceClassification, LlamaConfig, LlamaForCausalLM,
                          LlamaForSequenceClassification, Phi3Config, Phi3ForCausalLM, Phi3ForSequenceClassification)

LENGTHS = [1, 17, 33]  # one token; a page of 16 and one more; two pages and one more
GREEDY = 8
LLAMA31 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
               original_max_position_embeddings=32)
PLAIN = dict(rope_type="default", rope_theta=10000.0)
SHARED = dict(vocab_size=131, max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2, pad_token_id=0,
              tie_word_embeddings=False)
THREE = dict(num_labels=3)

# name: (class, configuration, stored type, bytes of a shard or None, write config.json as published checkpoints do)
CASES = {
    "llama31": (LlamaForCausalLM, LlamaConfig(**SHARED, hidden_size=48, intermediate_size=72, num_hidden_layers=3, num_attention_heads=4, head_dim=16,
                num_key_value_heads=2, rope_parameters=dict(LLAMA31)), torch.bfloat16, 30_000, True),
    "llama_tied": (LlamaForCausalLM, LlamaConfig(**SHARED | dict(tie_word_embeddings=True), hidden_size=48, intermediate_size=80, num_hidden_layers=2,
                   num_attention_heads=3, num_key_value_heads=1, head_dim=32, rope_parameters=dict(PLAIN)), torch.float16, None, False),
    "llama31_classifier": (LlamaForSequenceClassification, LlamaConfig(**SHARED, **THREE, hidden_size=32, intermediate_size=56, num_hidden_layers=2,
                           num_attention_heads=4, num_key_value_heads=2, rope_parameters=dict(LLAMA31)), torch.float32, None, False),
    "phi3": (Phi3ForCausalLM, Phi3Config(**SHARED, hidden_size=64, intermediate_size=72, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, sliding_window=12, rope_parameters=dict(PLAIN)), torch.bfloat16, None, True),
    "phi3_head96": (Phi3ForCausalLM, Phi3Config(**SHARED | dict(vocab_size=67), hidden_size=96, intermediate_size=64, num_hidden_layers=1,
                    num_attention_heads=1, num_key_value_heads=1, sliding_window=None, rope_parameters=dict(PLAIN)), torch.bfloat16, None, True),
    "phi3_classifier": (Phi3ForSequenceClassification, Phi3Config(**SHARED, **THREE, hidden_size=32, intermediate_size=40, num_hidden_layers=2,
                        num_attention_heads=2, num_key_value_heads=2, sliding_window=None, rope_parameters=dict(PLAIN)), torch.float32, None, False),
}


def build(cls, config, dtype):
    """A model in float32 whose weights are exactly representable in dtype; norms away from 1, logits neither flat nor one-hot."""
    generator = torch.Generator().manual_seed(20240)
    config._attn_implementation = "eager"
    model = cls(config).float().eval()
    with torch.no_grad():
        for p in model.parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(1 + 0.25 * noise if p.dim() == 1 else noise * 1.4 / math.sqrt(p.shape[-1]))
            p.copy_(p.to(dtype).float())
    return model


def published(config, dtype):
    """config.json as checkpoints had it before rope_parameters and dtype came into use."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    rope.pop("partial_rotary_factor", None)
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config.pop("dtype", None)
    config["torch_dtype"] = str(dtype).removeprefix("torch.")
    return config


def write_model(folder, model, dtype, shard, old_form):
    model.to(dtype).save_pretrained(folder, max_shard_size=shard or "1GB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["dtype"] = str(dtype).removeprefix("torch.")
    path.write_text(json.dumps(published(config, dtype) if old_form else config, indent=1, sort_keys=True) + "\n")


def prompts(vocab):
    generator = torch.Generator().manual_seed(20241)
    return [torch.randint(3, vocab, (n,), generator=generator) for n in LENGTHS]


def padded(rows):
    """Stacks tensors whose first dimension differs, filling up with 0."""
    out = torch.zeros(len(rows), max(r.shape[0] for r in rows), *rows[0].shape[1:], dtype=rows[0].dtype)
    for i, r in enumerate(rows):
        out[i, : r.shape[0]] = r
    return out


@torch.no_grad()
def outputs(model, ids):
    """Logits [T,V] or class logits [classes] of one prompt, in float32 whatever the model computes in, and the hidden states."""
    o = model(input_ids=ids[None], output_hidden_states=True)
    return o.logits[0].float(), [h[0].float() for h in o.hidden_states]


@torch.no_grad()
def greedy(model, ids):
    for _ in range(GREEDY):
        ids = torch.cat([ids, model(input_ids=ids[None]).logits[0, -1].argmax()[None]])
    return ids[-GREEDY:]


def make_models(out):
    for name, (cls, config, dtype, shard, old_form) in CASES.items():
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # Two builds: a model that has been in a half type keeps its rope frequencies rounded to it.
        write_model(folder, build(cls, config, dtype), dtype, shard, old_form)
        model = build(cls, config, dtype)
        rows = prompts(config.vocab_size)
        results = [outputs(model, r) for r in rows]
        tensors = {"input_ids": padded(rows).int(), "lengths": torch.tensor(LENGTHS).int()}
        if name.endswith("_classifier"):
            tensors["class_logits"] = torch.stack([logits for logits, _ in results])
        else:
            tensors["logits"] = padded([logits for logits, _ in results])
            tensors["greedy"] = torch.stack([greedy(model, r) for r in rows]).int()
        for i in range(len(results[0][1])):
            tensors[f"hidden_{i}"] = padded([hidden[i] for _, hidden in results])
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "reference.safetensors")


def relative_error(folder, dtype):
    """PyTorch's error in dtype on the prompts of a folder, relative to the reference logits."""
    reference = load_file(folder / "reference.safetensors")
    classifier = "class_logits" in reference
    auto = AutoModelForSequenceClassification if classifier else AutoModelForCausalLM
    model = auto.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
    errors, values = [], []
    for b, n in enumerate(reference["lengths"].tolist()):
        want = reference["class_logits"][b] if classifier else reference["logits"][b, :n]
        got, _ = outputs(model, reference["input_ids"][b, :n].long())
        errors.append((got - want).double().flatten())
        values.append(want.double().flatten())
    error, value = torch.cat(errors), torch.cat(values)
    scale = value.square().mean().sqrt()
    return {"rms": round((error.square().mean().sqrt() / scale).item(), 7), "max": round((error.abs().max() / scale).item(), 7)}


def measure(folder):
    reference = folder / "reference.safetensors"
    return {"name": f"{folder.parent.name}/{folder.name}", "reference": hashlib.sha256(reference.read_bytes()).hexdigest(),
            "classifier": "class_logits" in load_file(reference),
            "bf16": relative_error(folder, torch.bfloat16), "f16": relative_error(folder, torch.float16)}


def make_errors(out, folders):
    cases = [measure(p) for f in folders for p in sorted(f.iterdir()) if (p / "reference.safetensors").exists()]
    out.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("models").add_argument("out", type=pathlib.Path)
    errors = commands.add_parser("errors")
    errors.add_argument("out", type=pathlib.Path)
    errors.add_argument("folders", type=pathlib.Path, nargs="+")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if args.command == "models":
        make_models(args.out)
    else:
        make_errors(args.out, args.folders)


if __name__ == "__main__":
    main()
