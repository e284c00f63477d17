"""Openings: a share's page opened by people who did not accept to be remembered."""
