"""An SMSC with handsets that anyone can start and bind to."""

from __future__ import annotations

from simpost.smsc.behaviour import Behaviour, ByNumber, Fate
from simpost.smsc.content import Submit
from simpost.smsc.simulator import Simulator, SimulatorOptions

__all__ = ["Behaviour", "ByNumber", "Fate", "Simulator", "SimulatorOptions", "Submit"]
