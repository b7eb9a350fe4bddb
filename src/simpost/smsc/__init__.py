"""An SMSC with handsets that anyone can start and bind to."""

from __future__ import annotations

from simpost.smsc.behaviour import Behaviour, ByNumber, Fate, ReceiptStyle
from simpost.smsc.content import Submit
from simpost.smsc.faultfile import parse_faults, parse_faults_json, read_faults
from simpost.smsc.faults import Faults, Rule, When
from simpost.smsc.options import SimulatorOptions
from simpost.smsc.record import Received
from simpost.smsc.simulator import Simulator

__all__ = [
    "Behaviour",
    "ByNumber",
    "Fate",
    "Faults",
    "ReceiptStyle",
    "Received",
    "Rule",
    "Simulator",
    "SimulatorOptions",
    "Submit",
    "When",
    "parse_faults",
    "parse_faults_json",
    "read_faults",
]
