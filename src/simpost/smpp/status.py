"""Every command_status of SMPP 3.4 (5.1.3) and SMPP 5.0 (4.7.6), with its meaning.

The command_status of a PDU is a plain int: vendors define 0x400-0x4FF, and use others too.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class Status(IntEnum):
    """The standards' command_status values; `meaning` is one sentence for people."""

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    ESME_ROK = 0x00, "No error."
    ESME_RINVMSGLEN = 0x01, "The message is too long, or its length is wrong."
    ESME_RINVCMDLEN = 0x02, "The command length does not fit the command."
    ESME_RINVCMDID = 0x03, "The command id is not known."
    ESME_RINVBNDSTS = 0x04, "The command is not allowed in this bind state."
    ESME_RALYBND = 0x05, "This ESME is bound already."
    ESME_RINVPRTFLG = 0x06, "The priority flag is not valid."
    ESME_RINVREGDLVFLG = 0x07, "The registered delivery flag is not valid."
    ESME_RSYSERR = 0x08, "The peer has an internal error; try later."
    ESME_RINVSRCADR = 0x0A, "The source address is not valid."
    ESME_RINVDSTADR = 0x0B, "The destination address is not valid."
    ESME_RINVMSGID = 0x0C, "The message id is not known."
    ESME_RBINDFAIL = 0x0D, "The bind failed."
    ESME_RINVPASWD = 0x0E, "The password is wrong."
    ESME_RINVSYSID = 0x0F, "The system id is not known."
    ESME_RCANCELFAIL = 0x11, "The message could not be cancelled."
    ESME_RREPLACEFAIL = 0x13, "The message could not be replaced."
    ESME_RMSGQFUL = 0x14, "The message queue is full; try later."
    ESME_RINVSERTYP = 0x15, "The service type is not valid."
    ESME_RINVNUMDESTS = 0x33, "The number of destinations is not valid."
    ESME_RINVDLNAME = 0x34, "The distribution list name is not valid."
    ESME_RINVDESTFLAG = 0x40, "The destination flag is not valid."
    ESME_RINVSUBREP = 0x42, "Submit with replace is not supported or not valid here."
    ESME_RINVESMCLASS = 0x43, "The esm_class is not valid."
    ESME_RCNTSUBDL = 0x44, "Submitting to this distribution list is not possible."
    ESME_RSUBMITFAIL = 0x45, "The message was not accepted; no reason given."
    ESME_RINVSRCTON = 0x48, "The source type of number is not valid."
    ESME_RINVSRCNPI = 0x49, "The source numbering plan is not valid."
    ESME_RINVDSTTON = 0x50, "The destination type of number is not valid."
    ESME_RINVDSTNPI = 0x51, "The destination numbering plan is not valid."
    ESME_RINVSYSTYP = 0x53, "The system type is not valid."
    ESME_RINVREPFLAG = 0x54, "The replace_if_present flag is not valid."
    ESME_RINVNUMMSGS = 0x55, "The number of messages is not valid."
    ESME_RTHROTTLED = 0x58, "Too many messages in a short time; slow down."
    ESME_RINVSCHED = 0x61, "The scheduled delivery time is not valid."
    ESME_RINVEXPIRY = 0x62, "The validity period is not valid."
    ESME_RINVDFTMSGID = 0x63, "The predefined message does not exist."
    ESME_RX_T_APPN = 0x64, "The receiving application has a temporary fault; send again later."
    ESME_RX_P_APPN = 0x65, "The receiving application has a permanent fault."
    ESME_RX_R_APPN = 0x66, "The receiving application rejects the message."
    ESME_RQUERYFAIL = 0x67, "The query failed."
    ESME_RINVTLVSTREAM = 0xC0, "The optional part of the PDU is malformed."
    ESME_RTLVNOTALLWD = 0xC1, "This TLV is not allowed in this PDU."
    ESME_RINVTLVLEN = 0xC2, "The length of a TLV is not valid."
    ESME_RMISSINGTLV = 0xC3, "A TLV that was expected is missing."
    ESME_RINVTLVVAL = 0xC4, "The value of a TLV is not valid."
    ESME_RDELIVERYFAILURE = 0xFE, "Delivery failed; used in data_sm_resp."
    ESME_RUNKNOWNERR = 0xFF, "An unspecified error."
    ESME_RSERTYPUNAUTH = 0x100, "The service type is not permitted for this ESME."
    ESME_RPROHIBITED = 0x101, "The operation is prohibited for this ESME."
    ESME_RSERTYPUNAVAIL = 0x102, "The service type is not available now."
    ESME_RSERTYPDENIED = 0x103, "The service type is denied."
    ESME_RINVDCS = 0x104, "The data_coding is not supported."
    ESME_RINVSRCADDRSUBUNIT = 0x105, "The source address sub unit is not valid."
    ESME_RINVDSTADDRSUBUNIT = 0x106, "The destination address sub unit is not valid."
    ESME_RINVBCASTFREQINT = 0x107, "The broadcast frequency interval is not valid."
    ESME_RINVBCASTALIAS_NAME = 0x108, "The broadcast alias name is not valid."
    ESME_RINVBCASTAREAFMT = 0x109, "The broadcast area format is not valid."
    ESME_RINVNUMBCAST_AREAS = 0x10A, "The number of broadcast areas is not valid."
    ESME_RINVBCASTCNTTYPE = 0x10B, "The broadcast content type is not valid."
    ESME_RINVBCASTMSGCLASS = 0x10C, "The broadcast message class is not valid."
    ESME_RBCASTFAIL = 0x10D, "The broadcast failed."
    ESME_RBCASTQUERYFAIL = 0x10E, "The broadcast query failed."
    ESME_RBCASTCANCELFAIL = 0x10F, "The broadcast could not be cancelled."
    ESME_RINVBCAST_REP = 0x110, "The number of repeated broadcasts is not valid."
    ESME_RINVBCASTSRVGRP = 0x111, "The broadcast service group is not valid."
    ESME_RINVBCASTCHANIND = 0x112, "The broadcast channel indicator is not valid."


def status_name(status: int) -> str:
    """Return the name in the standard (`ESME_RTHROTTLED`), or the status in hex if it has none."""
    try:
        return Status(status).name
    except ValueError:
        return f"0x{status:08X}"


def status_meaning(status: int) -> str:
    """Return the meaning of a status in one sentence, also for vendor and unknown values."""
    try:
        return Status(status).meaning
    except ValueError:
        vendor = 0x400 <= status <= 0x4FF  # SMPP 3.4 5.1.3: reserved for MC vendors
        return "A vendor-specific status." if vendor else "A status that no standard defines."
