#!/usr/bin/env python3
"""Writes hf.safetensors with the reference implementation (safetensors, torch): all element types, a scalar, an empty tensor.

usage: make.py DIR
"""
import sys
import torch
from safetensors.torch import save_file

values = [0, 1, 3, 100]
tensors = {f"model.{str(d).removeprefix('torch.')}": torch.tensor(values).to(d).reshape(2, 2) for d in (
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)}
tensors["scalar"] = torch.tensor(-2.5)
tensors["empty"] = torch.zeros(0, 3)
tensors["odd"] = torch.tensor([7, 8, 9], dtype=torch.uint8)
save_file(tensors, f"{sys.argv[1]}/hf.safetensors", metadata={"format": "pt", "note": "naïve \"quotes\"\n"})
