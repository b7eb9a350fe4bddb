"""Operators: the bundled message centre, with faults that change, stopped and started again."""

from simpost.smsc import Faults, Rule, Simulator, SimulatorOptions, When
from simpost.smsc import faults as f
from simpost.smsc.content import content_of

PASSWORD = "secret"
KEPT = 100_000

SUBMIT_FAULTS = (
    f.Refuse(status="ESME_RTHROTTLED"),
    f.Refuse(status="ESME_RMSGQFUL"),
    f.Refuse(status="ESME_RSYSERR"),
    f.Refuse(status="ESME_RINVDSTADR"),
    f.Refuse(status="ESME_RUNKNOWNERR"),
    f.Refuse(status="ESME_RINVBNDSTS"),
    f.Silent(),
    f.Silent(accepted=False),
    f.Drop(),
    f.Drop(accepted=False),
    f.Reset(),
    f.HalfOpen(seconds=40),
    f.WrongSequence(),
    f.DoubleResponse(),
    f.Slow(seconds=0.1, max_seconds=5),
    f.Slow(seconds=5, max_seconds=30),
    f.ReceiptFirst(),
    f.ReceiptFirst(seconds=3),
    f.DelayReceipt(seconds=1, max_seconds=40),
    f.DoubleReceipt(),
    f.DoubleReceipt(seconds=4),
    f.LoseReceipt(),
    f.Intermediate(always=True),
    f.FinalState(state="UNDELIVERABLE", error=1),
    f.FinalState(state="EXPIRED", error=27),
    f.FinalState(state="REJECTED", error=13),
    f.HandsetOff(seconds=15),
)
BIND_FAULTS = (
    f.RefuseBind(status="ESME_RALYBND"),
    f.RefuseBind(status="ESME_RSYSERR", seconds=2),
)
FORMS = (
    None,
    f.ReceiptId(base="hex"),
    f.ReceiptId(base="hex", case="lower"),
    f.ReceiptId(width=20),
    f.ReceiptId(where="text"),
)
SHAPES = (
    None,
    f.ShapeReceipt(tlvs=False),
    f.ShapeReceipt(text=False),
    f.ShapeReceipt(separator=","),
    f.ShapeReceipt(omit=("sub", "dlvrd", "text")),
)
ORDERS = (None, f.ReceiptFirst(), f.ReceiptFirst(seconds=1))
_NO_RESPONSE = (f.Silent, f.Drop, f.Reset, f.HalfOpen, f.WrongSequence)


class Submit:
    """What came over the wire: one part, at a time, and what was made of it."""

    def __init__(self, operator, received):
        content = content_of(received.request)
        self.number = received.request.destination_addr
        self.part = content.position.number if content.position else 1
        self.operator = operator.name
        self.at_s = received.at
        self.message_id = received.message_id
        self.script = received.script

    @property
    def is_taken(self):
        return bool(self.message_id)

    @property
    def was_turned_back(self):
        """With an answer that says so. Any other try may have left something behind."""
        return self.script.status and not isinstance(self.script.response_fault, _NO_RESPONSE)


class Operator:
    """One message centre; what it received outlives its restarts."""

    def __init__(self, name, chance):
        self.name = name
        self.is_up = False
        self._chance = chance
        self._earlier = []
        manner = map(chance.choice, (FORMS, SHAPES, ORDERS))
        self._manner = [Rule(do=fault) for fault in manner if fault]
        self._simulator = None
        self._port = 0

    @property
    def port(self):
        return self._port

    @property
    def simulator(self):
        """The one that runs, or ran last."""
        return self._simulator

    async def start(self):
        self._simulator = Simulator(
            SimulatorOptions(
                password=PASSWORD,
                port=self._port,
                seed=self._chance.getrandbits(32),
                keep_submits=KEPT,
                id_format="decimal",
            )
        )
        self.behave()
        await self._simulator.start()
        self._port = self._simulator.port
        self.is_up = True

    async def stop(self, *, abruptly=False):
        if abruptly:
            self._simulator.disconnect()
        await self._simulator.stop()
        self._earlier += self._simulator.submits
        self.is_up = False

    def cut(self):
        self._simulator.disconnect()

    def behave(self):
        self._simulator.set_faults(Faults(tuple(self._manner)))

    def misbehave(self):
        chance = self._chance
        kinds = chance.sample(SUBMIT_FAULTS, chance.randrange(1, 7))
        rules = [Rule(do=fault, when=When(share=chance.choice((0.1, 0.3, 0.7)))) for fault in kinds]
        if chance.random() < 0.3:
            refused = When(share=0.7, times=3)
            rules.append(Rule(do=chance.choice(BIND_FAULTS), when=refused))
        self._simulator.set_faults(Faults((*self._manner, *rules)))

    @property
    def heard(self):
        """How many acknowledgements of receipts, since it started."""
        return self._simulator.counters.receipts.acknowledged

    def submits(self):
        latest = list(self._simulator.submits) if self.is_up else []
        return [Submit(self, received) for received in self._earlier + latest]

    @property
    def has_told_all(self):
        """Whether every receipt was acknowledged, none abandoned."""
        receipts = self._simulator.stats().receipts
        assert not receipts.refused, "a receipt was refused for good"
        return not receipts.pending and not receipts.abandoned

    def end_of(self, message_id):
        """The state it gave a message, of the latest life of this operator; none if unknown.

        None as well when it does not tell.
        """
        taken = self._simulator._submit_handler._delivery._accepted_submits.find(message_id)
        return None if taken is None or taken.style.lost else taken.state
