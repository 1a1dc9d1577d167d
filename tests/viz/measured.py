"""Reports of four small networks on 8×8 digits, measured once: healthy, dead, saturated, residual."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autograd_cnn.health.report import Connection, Distribution, Finding, Layer, Report, Units

_FILE = Path(__file__).with_name("measured.json")


def measured(name: str) -> Report:
    return report_from(json.loads(_FILE.read_text(encoding="utf-8"))[name])


def report_from(data: dict[str, Any]) -> Report:
    layers = tuple(map(_layer, data["layers"]))
    findings = sorted((f for layer in layers for f in layer.findings), key=lambda f: f.severity != "critical")
    return Report(
        **data
        | {
            "layers": layers,
            "connections": tuple(Connection(**wire) for wire in data["connections"]),
            "input_shape": tuple(data["input_shape"]),
            "findings": tuple(findings),
        }
    )


def _layer(data: dict[str, Any]) -> Layer:
    units = data["units"]
    return Layer(
        **data
        | {
            "input_shape": tuple(data["input_shape"]),
            "output_shape": tuple(data["output_shape"]),
            "activation": _distribution(data["activation"]),
            "gradient": _distribution(data["gradient"]),
            "units": Units(**{k: v if k == "count" else tuple(v) for k, v in units.items()}) if units else None,
            "findings": tuple(Finding(**f) for f in data["findings"]),
        }
    )


def _distribution(data: dict[str, Any]) -> Distribution:
    return Distribution(**data | {"counts": tuple(data["counts"])})
