"""UD01Svc: a user-defined table, Key1 to Key5. Its keys are unique, so a claim stored here is taken once."""

from __future__ import annotations

from he_sync.sandbox.epicor.bo import BusinessObject, register

UD01 = register(BusinessObject("Ice.BO.UD01Svc", sets={"UD01s": "UD01"}, root="UD01"))
