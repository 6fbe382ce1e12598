# Layers of PyTorch with their inputs and outputs, as tests/layers/pytorch.rs reads them:
#   pip install torch safetensors
#   python crates/costate-neural-ode/tests/layers/pytorch_layers.py crates/costate-neural-ode/tests/layers/pytorch.safetensors
import sys
import torch
from safetensors.torch import save_file

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
nn = torch.nn
x = {
    "net": torch.randn(3, 2),
    "conv1": torch.randn(2, 2, 5),
    "conv2": torch.randn(2, 2, 4, 5),
    "same": torch.randn(1, 1, 4, 4),
    "gru": torch.randn(3, 2),
}
layers = {
    "net": nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)),
    "conv1": nn.Conv1d(2, 3, 3, padding=1),
    "conv2": nn.Conv2d(2, 3, (3, 2), padding=(1, 0)),
    "same": nn.Conv2d(1, 2, 3, padding=1),
    "gru": nn.GRUCell(2, 3),
}
h = torch.randn(3, 3)
tensors = {"gru.h": h}
for name, layer in layers.items():
    y = layer(x[name], h) if name == "gru" else layer(x[name])
    tensors[f"{name}.x"], tensors[f"{name}.y"] = x[name], y
    tensors.update({f"{name}.{key}": value for key, value in layer.state_dict().items()})
tensors["kinds.f32"] = torch.tensor([0.1, -3.5], dtype=torch.float32)
tensors["kinds.f16"] = torch.tensor([0.1, -3.5, 6e-8], dtype=torch.float16)
tensors["kinds.bf16"] = torch.tensor([0.1, -3.5], dtype=torch.bfloat16)
tensors["kinds.int"] = torch.tensor([1, 2])
save_file({name: value.detach().contiguous() for name, value in tensors.items()}, sys.argv[1])
