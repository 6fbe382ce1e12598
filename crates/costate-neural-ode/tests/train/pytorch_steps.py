# Steps of PyTorch's optimisers in doubles, as tests/train/gradients.rs has them. Printed by PyTorch 2.15:
#   python crates/costate-neural-ode/tests/train/pytorch_steps.py
import torch
g = [[0.5, -3.0], [-0.25, 2.0], [1.5, 0.125], [0.0, -1.0]]
def run(name, make, clip=None):
    x = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    o = make([x])
    for row in g:
        x.grad = torch.tensor(row, dtype=torch.float64)
        if clip: clip([x])
        o.step()
    print(name, [repr(v) for v in x.tolist()])
O = torch.optim
run("adamw", lambda p: O.AdamW(p, lr=0.1, weight_decay=0.2))
run("adam+l2", lambda p: O.Adam(p, lr=0.1, weight_decay=0.2))
run("sgd+l2", lambda p: O.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.2))
run("rmsprop+l2", lambda p: O.RMSprop(p, lr=0.1, weight_decay=0.2))
run("clip norm", lambda p: O.SGD(p, lr=0.1), lambda p: torch.nn.utils.clip_grad_norm_(p, 1.0))
run("clip value", lambda p: O.SGD(p, lr=0.1), lambda p: torch.nn.utils.clip_grad_value_(p, 1.0))
