"""The configuration of the user pool: CloudFormation's property names in, frozen records out.

`parse_pools`, `parse_sms` and `parse_smtp` report every problem at once, each with its place. They read no
file and no clock.
"""

from idp.config.access import AccessKey, AccessSettings, parse_access
from idp.config.document import PoolConfig, PoolsConfig, SeedUser, parse_pools
from idp.config.functions import parse_functions
from idp.config.guard import parse_guard
from idp.config.reader import InvalidPools, Problem
from idp.config.sms import parse_sms
from idp.config.smtp import parse_smtp
from idp.outbox.settings import SmsSettings, SmtpSettings

__all__ = [
    "AccessKey",
    "AccessSettings",
    "InvalidPools",
    "PoolConfig",
    "PoolsConfig",
    "Problem",
    "SeedUser",
    "SmsSettings",
    "SmtpSettings",
    "parse_access",
    "parse_functions",
    "parse_guard",
    "parse_pools",
    "parse_sms",
    "parse_smtp",
]
