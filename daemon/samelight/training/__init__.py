"""Training on composites made from photographs. Imports torch, numpy, Pillow and safetensors; no network code."""
