"""Payments: money asked for through a gateway, told by notices, given back when late."""
