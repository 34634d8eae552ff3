"""The peer of gpu.py: ResNet50 in a plain torch training loop, autocast and channels last, on a batch that stays."""

import time
from collections.abc import Callable

import torch
from torch import nn

LAYERS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
RATE, CLASSES, HIDDEN, DROPOUT = 5e-5, 3, 512, 0.3  # as the recipe


class _Block(nn.Module):
    def __init__(self, into: int, width: int, stride: int) -> None:
        super().__init__()
        out = 4 * width
        self.body = nn.Sequential(
            *_normed(into, width, 1, 1), nn.ReLU(True),
            *_normed(width, width, 3, stride), nn.ReLU(True),
            *_normed(width, out, 1, 1),
        )  # fmt: skip
        self.past = nn.Sequential(*_normed(into, out, 1, stride)) if into != out or stride > 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.past(x))


def _normed(into: int, out: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(into, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out)


def resnet50() -> nn.Module:
    """torchvision's where it is installed; the same layers otherwise. The head is the recipe's."""
    head = nn.Sequential(nn.Linear(2048, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, CLASSES))
    try:
        from torchvision.models import resnet50 as published
    except ImportError:
        steps: list[nn.Module] = [*_normed(3, 64, 7, 2), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
        into = 64
        for width, count, stride in LAYERS:
            for number in range(count):
                steps.append(_Block(into, width, stride if number == 0 else 1))
                into = 4 * width
        return nn.Sequential(*steps, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    model: nn.Module = published()
    model.fc = head
    return model


def training(trained: str, size: int, batch: int, *, half: bool) -> Callable[[int], float]:
    """A function that trains for so many steps and tells the images a second. `trained`: all, or a share as '60%'."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.benchmark = True
    model = resnet50().to(device, memory_format=torch.channels_last).train()
    parameters = list(model.parameters())
    share = 1.0 if trained == "all" else float(trained.rstrip("%")) / 100
    for parameter in parameters[: round((1 - share) * len(parameters))]:
        parameter.requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in parameters if p.requires_grad], lr=RATE)
    images = torch.rand(batch, 3, size, size, device=device).to(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (batch,), device=device)
    loss_of = nn.CrossEntropyLoss()

    def run(steps: int) -> float:
        _wait(device)
        started = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device, torch.bfloat16, enabled=half):
                loss = loss_of(model(images), labels)
            loss.backward()
            optimizer.step()
        _wait(device)
        return steps * batch / (time.perf_counter() - started)

    return run


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
