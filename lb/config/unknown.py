"""Keys of the file that no section has: said with what was probably meant.

Properties that CloudFormation has and that mean nothing outside AWS are warnings, so that a template can
be pasted. Properties of features that this version lacks are problems, because leaving them out silently
would change who gets in.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping

from pydantic import BaseModel

from lb.config.document import Document
from lb.config.problems import Place
from lb.config.suggest import did_you_mean

AWS_ONLY = frozenset(
    {
        "Tags",
        "VpcId",
        "Scheme",
        "Subnets",
        "SubnetMappings",
        "SecurityGroups",
        "IpAddressType",
        "Type",
        "LoadBalancerArn",
    }
    | {"AvailabilityZone", "Ipv4IpamPoolId", "MinimumLoadBalancerCapacity", "EnablePrefixForIpv6SourceNat"}
)

INSTEAD: Mapping[str, str] = {
    "CertificateArn": "`CertificateFile` and `PrivateKeyFile` take the place of `CertificateArn`",
    "AlpnPolicy": "`AlpnPolicy` is for network load balancers",
    "TargetControlPort": "the target optimizer is not supported yet",
}


def report_unknown_keys(document: Document, model: type[BaseModel]) -> None:
    """Report every key under the document's root that `model` does not name."""
    _visit(document, model, document.value, ())


def _visit(document: Document, annotation: object, value: object, where: Place) -> None:
    model = _model_of(annotation)
    if isinstance(value, list):
        for index, item in enumerate(value):
            _visit(document, annotation, item, (*where, index))
    elif model is not None and isinstance(value, Mapping):
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        for key, member in value.items():
            if key in fields:
                _visit(document, fields[key], member, (*where, key))
            else:
                _report(document, (*where, key), key, fields)


def _report(document: Document, where: Place, key: str, known: Mapping[str, object]) -> None:
    if key in AWS_ONLY:
        document.warn(where, "AwsOnly", f"`{key}` means nothing outside AWS: ignored", key=True)
    elif key in INSTEAD:
        document.report(where, "NotSupportedYet", f"{INSTEAD[key]}: take `{key}` out", key=True)
    else:
        nearest = did_you_mean(key, known) or f"; known here: {', '.join(sorted(known))}"
        document.report(where, "UnknownKey", f"unknown key `{key}`{nearest}", key=True)


def _model_of(annotation: object) -> type[BaseModel] | None:
    """Return the section inside an annotation such as `tuple[Section, ...]` or `Section | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in {tuple, list, typing.Union, types.UnionType, typing.Annotated}:
        return next((found for each in typing.get_args(annotation) if (found := _model_of(each))), None)
    return None
