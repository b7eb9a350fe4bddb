"""An SMSC simulator with handsets, for tests and the demo. Nothing is stored."""

from __future__ import annotations

from simpost.smsc.behaviour import Behaviour, ByNumber, ReceiptStyle, SubmitScript
from simpost.smsc.content import Submit
from simpost.smsc.fault_file import parse_faults, parse_faults_json, read_faults
from simpost.smsc.faults import Faults, Rule, When
from simpost.smsc.options import SimulatorOptions
from simpost.smsc.record import ReceivedSubmit
from simpost.smsc.simulator import Simulator

__all__ = [
    "Behaviour",
    "ByNumber",
    "Faults",
    "ReceiptStyle",
    "ReceivedSubmit",
    "Rule",
    "Simulator",
    "SimulatorOptions",
    "Submit",
    "SubmitScript",
    "When",
    "parse_faults",
    "parse_faults_json",
    "read_faults",
]
