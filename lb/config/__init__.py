"""The configuration file: YAML in CloudFormation's property names, checked whole, with a place in every
message.
"""

from lb.config.load import Loaded, load_settings
from lb.config.problems import ConfigProblem, InvalidConfig

__all__ = ["ConfigProblem", "InvalidConfig", "Loaded", "load_settings"]
